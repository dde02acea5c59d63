import { ManualClock } from '@perfit/testkit';
import { expect, it } from 'vitest';
import { LoginThrottle } from '../../src/access/login-throttle.ts';

it('guessing takes longer and longer, for the name from anywhere and for the address with any name', () => {
  const clock = new ManualClock();
  const throttle = new LoginThrottle(clock, 3);
  for (let i = 0; i < 3; i++) expect(throttle.attempt('ada', `10.0.0.${i}`)).toBe(0);
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const wait = throttle.attempt('ada', `10.0.1.${i}`);
    waits.push(wait / 1000);
    clock.advance(wait);
    expect(throttle.attempt('ada', `10.0.2.${i}`)).toBe(0);
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
  expect(throttle.attempt('bob', '10.0.3.1')).toBe(0);

  for (let i = 0; i < 3; i++) expect(throttle.attempt(`name ${i}`, '192.0.2.1')).toBe(0);
  expect(throttle.attempt('another', '192.0.2.1')).toBeGreaterThan(0);
});

it('an IPv6 network is one address, and a right login does not wash away what was tried with other names', () => {
  const clock = new ManualClock();
  const throttle = new LoginThrottle(clock, 3);
  for (let i = 0; i < 3; i++) expect(throttle.attempt(`name ${i}`, `2001:db8:0:1::${i}`)).toBe(0);
  expect(throttle.attempt('ada', '2001:db8:0:1:ffff:1:2:3')).toBeGreaterThan(0);
  expect(throttle.attempt('ada', '2001:db8:0:2::1')).toBe(0);

  const inside = new LoginThrottle(clock, 3);
  for (let i = 0; i < 2; i++) {
    expect(inside.attempt(`victim ${i}`, '192.0.2.1')).toBe(0);
    // With an account of one's own between the guesses.
    if (inside.attempt('mallory', '192.0.2.1') === 0) inside.succeeded('mallory', '192.0.2.1');
  }
  expect(inside.attempt('victim 2', '192.0.2.1')).toBe(0);
  expect(inside.attempt('victim 3', '192.0.2.1')).toBeGreaterThan(0);
});

it('many guesses at once are counted before the first is answered', () => {
  const throttle = new LoginThrottle(new ManualClock(), 3);
  const waits = Array.from({ length: 100 }, () => throttle.attempt('ada', '192.0.2.1'));
  expect(waits.filter((wait) => wait === 0)).toHaveLength(3);
});
