// Draws the report's plots from `result`. Runs in the page, after uPlot and the data.
/* global uPlot, result */
const palette = ['#1e6fd9', '#d9731e', '#2f9e44', '#ae3ec9', '#e03131', '#0c8599', '#f08c00', '#5c636e'];
const styles = getComputedStyle(document.body);
const axis = { stroke: styles.color, grid: { stroke: '#8884', width: 1 }, ticks: { stroke: '#8884' } };

function plot(place, { title, x, series, xLabel, yLabel }) {
  const scales = { x: { time: false, range: (_, low, high) => [low - 0.25, high + 0.25] } };
  const options = {
    title,
    width: 460,
    height: 300,
    scales,
    axes: [
      { ...axis, label: xLabel, incrs: [1, 2, 5, 10, 20, 50, 100] },
      { ...axis, label: yLabel, size: 64 },
    ],
    series: [
      { label: xLabel },
      ...series.map(({ label, dash }, i) => ({
        label,
        stroke: palette[i % palette.length],
        width: 2,
        dash,
        points: { show: x.length <= 50, size: 6 },
        value: (_, value) => value?.toPrecision(4) ?? '–',
      })),
    ],
  };
  new uPlot(options, [x, ...series.map(({ values }) => values)], document.getElementById(place));
}

const committed = result.rounds.filter((round) => round.state === 'committed');
const numbers = committed.map((round) => round.number);
const ofClient = (name, pick) =>
  committed.map((round) => {
    const client = round.clients.find((entry) => entry.name === name);
    return client ? (pick(client) ?? null) : null;
  });

for (const { name } of result.clients) {
  plot('perplexity', {
    title: name,
    x: numbers,
    xLabel: 'round',
    yLabel: 'perplexity',
    series: ['base', 'received', 'tuned'].map((of) => ({
      label: of,
      values: ofClient(name, (client) => client.perplexity[of]),
      dash: of === 'base' ? [6, 6] : undefined,
    })),
  });
}
plot('rounds', {
  title: 'training loss (last epoch of the round)',
  x: numbers,
  xLabel: 'round',
  yLabel: 'nats a token',
  series: result.clients.map(({ name }) => ({ label: name, values: ofClient(name, (client) => client.loss) })),
});
plot('rounds', {
  title: 'seconds a round',
  x: numbers,
  xLabel: 'round',
  yLabel: 'seconds',
  series: [{ label: 'seconds', values: committed.map((round) => round.seconds) }],
});
for (const direction of ['up', 'down']) {
  const started = Date.parse(result.startedAt);
  const own = result.messages.filter((message) => message.direction === direction);
  const times = [...new Set(own.map((message) => (Date.parse(message.at) - started) / 1000))].sort((a, b) => a - b);
  plot('bytes', {
    title: `bytes ${direction}, summed`,
    x: times,
    xLabel: 'seconds',
    yLabel: 'kB',
    series: result.clients.map(({ name }) => {
      let sum = 0;
      const byTime = new Map();
      for (const message of own.filter((entry) => entry.client === name)) {
        sum += message.bytes / 1000;
        byTime.set((Date.parse(message.at) - started) / 1000, sum);
      }
      let last = 0;
      return { label: name, values: times.map((time) => (last = byTime.get(time) ?? last)) };
    }),
  });
}
