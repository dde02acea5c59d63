import { Bench } from '../features/bench/bench.tsx';

export function BenchPage() {
  return <Bench />;
}
