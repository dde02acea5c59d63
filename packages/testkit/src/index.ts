/** Who plays the parts in tests: what tests of several rooms would write twice. No source of the product imports it. */
export { anyClient } from './any-client.ts';
export { expectSame } from './expect-same.ts';
export { COMMIT, type FakeFile, type FakeHub, type FakeRepository, fakeHub, hashOf } from './fake-hub.ts';
export { ManualClock } from './manual-clock.ts';
export { participate } from './participate.ts';
export { sampleRecord } from './sample-record.ts';
export { type ClientIdentity, newIdentity, readyMessage, ScriptedClient } from './scripted-client.ts';
export { type ScriptedTuner, scriptedTuner } from './scripted-tuner.ts';
export { smallFederation, tinyDimensions, tinyModel } from './small-federation.ts';
