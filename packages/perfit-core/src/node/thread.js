// A thread of our programs in Node; plain JavaScript, because Node loads it as it lies.
import { parentPort } from 'node:worker_threads';
import { serveCalls } from '../wasm/thread.js';

parentPort.once('message', (message) => serveCalls(message, () => parentPort.postMessage('ready')));
