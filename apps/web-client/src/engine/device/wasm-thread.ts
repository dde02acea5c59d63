// A thread of WebAssembly beside the engine's worker.
import { serveCalls, type ThreadStart } from '@perfit/core/thread';

self.onmessage = ({ data }: MessageEvent<ThreadStart>) => serveCalls(data, () => self.postMessage('ready'));
