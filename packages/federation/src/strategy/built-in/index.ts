import type { Strategy } from '../strategy.ts';
import { fedalt } from './fedalt.ts';
import { feddpa } from './feddpa.ts';
import { fedit } from './fedit.ts';
import { feditThenLocal } from './fedit-then-local.ts';
import { fedprox } from './fedprox.ts';
import { fedsa } from './fedsa.ts';
import { ffa } from './ffa.ts';
import { flexlora } from './flexlora.ts';
import { flora } from './flora.ts';
import { hetlora } from './hetlora.ts';
import { local } from './local.ts';
import { perfit } from './perfit.ts';
import { randomMask } from './random-mask.ts';
import { subFedAvg } from './sub-fedavg.ts';

/** Those that SPEC.md describes. A new one is a file beside these, and a line here. */
export const builtIn: readonly Strategy[] = [
  perfit,
  fedit,
  feditThenLocal,
  fedprox,
  local,
  randomMask,
  subFedAvg,
  ffa,
  fedsa,
  feddpa,
  fedalt,
  flora,
  hetlora,
  flexlora,
];
