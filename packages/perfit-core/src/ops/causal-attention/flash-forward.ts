import { memoize, type WgslProgram } from '../../wgsl/program.ts';
import { each } from '../../wgsl/source.ts';
import {
  addWeighted,
  attentionUniforms,
  component,
  eachColumn,
  entry,
  firstSeen,
  keyLoader,
  ownQueries,
  prelude,
  read,
  results,
  scores,
  stackedLoader,
  stageOwnRows,
  type Tiles,
  tilesOf,
  totalOfRows,
  written,
} from './flash-tiles.ts';

/**
 * out = softmax(qkᵀ / √d) v, and each row's log Σ exp, without the scores ever leaving the workgroup: a running maximum
 * and sum rescale what was added up before. One workgroup makes 32 stacked rows of a key head.
 * Source: Dao 2023 (arXiv 2307.08691), algorithm 1.
 */
export const flashForward = memoize((headWidth: number, group: number, hasStarts: boolean): WgslProgram => {
  const tiles = tilesOf(headWidth, group);
  const staysStaged = tiles.depth === tiles.quads;
  return {
    name: `flash-forward-${headWidth}`,
    storage: [
      read('queries'),
      read('keys'),
      read('values'),
      ...(hasStarts ? [read('starts', 'i32')] : []),
      written('out'),
      written('logSumExp', 'f32'),
    ],
    uniforms: attentionUniforms,
    source: `${prelude(tiles)}
${firstSeen(hasStarts)}
${stackedLoader('loadQuery', 'queries', 'queryAt')}
${keyLoader('loadKey', 'keys', 'keyAt')}
${keyLoader('loadValue', 'values', 'valueAt')}
${entry}
  // The last queries see the most keys: they go first.
  let own = ((stackedRows + OWN - 1) / OWN - 1 - group.x) * OWN;
  let lastRow = min(own + OWN, stackedRows) - 1;
  let place = Place(sequence, keyHead, lastRow / GROUP + u.firstPosition + 1);
  ${ownQueries}
  ${results(tiles, 'out')}
  var most = vec4<f32>(HIDDEN);
  var total = vec4<f32>();
  ${staysStaged ? stageOwnRows('loadQuery') : ''}
  for (var passing = firstSeenByAny(place, own, lastRow); passing < place.keys; passing += PASSING) {
    let count = min(PASSING, place.keys - passing);
    ${scores(tiles, 's', staysStaged ? null : 'loadQuery', 'loadKey')}
    ${online(tiles)}
    ${addWeighted(tiles, 'out', 'loadValue', staysStaged)}
  }
  ${totalOfRows}
  ${each(4, (i) => writeRow(tiles, i))}
}`,
  };
});

/** From the scores of a tile to its weights: the maximum of a row is shared by the threads of that row. */
function online(tiles: Tiles): string {
  const mask = (j: number) => `{
      let key = vec4<u32>(passing + tx + ${j} * ACROSS);
      s${j} = select(vec4<f32>(HIDDEN), s${j} * (SCALE * LOG2_E), (key >= seesFrom) & (key <= seesTo));
      highest = max(highest, s${j});
    }`;
  const weigh = (j: number) => `{
      let weight = exp2(s${j} - highest);
      total += weight;
      weights[weightAt(tx + ${j} * ACROSS, ty)] = weight;
    }`;
  return `
    var highest = most;
    ${each(tiles.each, mask)}
    found[lane] = highest;
    workgroupBarrier();
    for (var i = 0u; i < ACROSS; i++) { highest = max(highest, found[ty * ACROSS + i]); }
    // What a row added up before it saw any key is multiplied by zero here.
    let rescale = exp2(most - highest);
    most = highest;
    total *= rescale;
    ${each(tiles.each, weigh)}
    ${each(4, (i) => each(tiles.columns, (c) => `out${i}_${c} *= rescale.${component(i)};`))}`;
}

function writeRow(tiles: Tiles, i: number): string {
  const x = component(i);
  return `
  if (row.${x} < stackedRows) {
    let at = resultAt(place, row.${x});
    ${eachColumn(tiles, (c) => `out[at + tx + ${c} * ACROSS] = out${i}_${c} / total.${x};`)}
    if (tx == 0) { logSumExp[statisticAt(place, row.${x})] = most.${x} / LOG2_E + log(total.${x}); }
  }`;
}
