import { useEffect, useState } from 'react';

/** The time, anew every second: for count-downs that people look at. Nothing depends on it. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
