import '../contract/without-eval.ts';
import { expose } from 'comlink';
import { showLife } from './alive.ts';
import { createEngine } from './engine.ts';

expose(createEngine());
showLife();
