import { isLongForm } from '../../testing/form.ts';
import { axeFindings, sidewaysFindings } from './page-checks.ts';
import { expect, test } from './stage.ts';
import { appStates, Scene } from './walk.ts';

// The longest of all tests: by its name it is among the first to begin.
test.use({ ownCoordinator: true });

test('axe finds nothing serious in any state of the app, in light and in dark, and nothing is wider than a phone', async ({
  stage,
  browser,
}) => {
  test.setTimeout(600_000);
  const scene = new Scene(stage, browser);
  const findings: string[] = [];
  // Two people at work take a third of the time: the long form looks at them, too.
  const states = isLongForm ? appStates : appStates.filter(({ name }) => !/^(work|operator-detail)/.test(name));
  for (const { name, reach } of states) {
    await test.step(name, async () => {
      const page = await reach(scene);
      for (const finding of [...(await axeFindings(page)), ...(await sidewaysFindings(page))])
        findings.push(`${name}: ${finding}`);
    });
  }
  await scene.close();
  expect(findings).toEqual([]);
});
