// Set-up of every test file: properties draw from the run's seed, so that the same run finds the same things.
import fc from 'fast-check';
import { seed } from './seed.ts';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
