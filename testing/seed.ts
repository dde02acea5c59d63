/** What everything random in the tests starts from; `npm test -- --seed N` takes another one. */
export const seed = Number(process.env.PERFIT_TEST_SEED ?? 1);
