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
  type Tiles,
  tilesOf,
  totalOfRows,
  written,
} from './flash-tiles.ts';

/**
 * The gradient of the queries, and delta = Σ dOut · out of each row, which the gradient of the keys needs as well.
 * Weights are made again from logSumExp: p = exp(s - logSumExp), dS = p (dOut · v - delta), dQ = dS k / √d.
 * One workgroup makes 32 stacked rows of a key head. Queries and keys are columns of one tensor, as their gradients are:
 * eight storage buffers are all that WebGPU promises.
 * Source: Dao et al. 2022 (arXiv 2205.14135), appendix B; Dao 2023 (arXiv 2307.08691), section 3.1.2.
 */
export const flashQueryGradient = memoize((headWidth: number, group: number, hasStarts: boolean): WgslProgram => {
  const tiles = tilesOf(headWidth, group);
  const weigh = (j: number) => `{
      let key = vec4<u32>(passing + tx + ${j} * ACROSS);
      let seen = (key >= seesFrom) & (key <= seesTo);
      let weight = exp2(select(vec4<f32>(HIDDEN), s${j} * (SCALE * LOG2_E) - logTotal, seen));
      weights[weightAt(tx + ${j} * ACROSS, ty)] = weight * (dWeight${j} - total);
    }`;
  return {
    name: `flash-query-gradient-${headWidth}`,
    storage: [
      read('rotated'),
      read('qkv'),
      read('out'),
      read('dOut'),
      read('logSumExp', 'f32'),
      ...(hasStarts ? [read('starts', 'i32')] : []),
      written('delta', 'f32'),
      written('dRotated'),
    ],
    uniforms: attentionUniforms,
    source: `${prelude(tiles)}
${firstSeen(hasStarts)}
${stackedLoader('loadQuery', 'rotated', 'queryAt')}
${stackedLoader('loadOut', 'out', 'resultAt')}
${stackedLoader('loadDOut', 'dOut', 'resultAt')}
${keyLoader('loadKey', 'rotated', 'keyAt')}
${keyLoader('loadValue', 'qkv', 'valueAt')}
${entry}
  // The last queries see the most keys: they go first.
  let own = ((stackedRows + OWN - 1) / OWN - 1 - group.x) * OWN;
  let lastRow = min(own + OWN, stackedRows) - 1;
  let place = Place(sequence, keyHead, lastRow / GROUP + u.firstPosition + 1);
  ${ownQueries}
  let logTotal = LOG2_E * vec4<f32>(${each(4, (i) => `logSumExp[statisticAt(place, known.${component(i)})]`, ', ')});
  var total = vec4<f32>(); // delta
  ${eachColumn(tiles, (c) => each(4, (i) => addDelta(i, c)))}
  ${totalOfRows}
  ${each(4, writeDelta)}
  ${results(tiles, 'dQuery')}
  for (var passing = firstSeenByAny(place, own, lastRow); passing < place.keys; passing += PASSING) {
    let count = min(PASSING, place.keys - passing);
    ${scores(tiles, 's', 'loadQuery', 'loadKey')}
    ${scores(tiles, 'dWeight', 'loadDOut', 'loadValue')}
    ${each(tiles.each, weigh)}
    ${addWeighted(tiles, 'dQuery', 'loadKey')}
  }
  ${each(4, (i) => writeQuery(tiles, i))}
}`,
  };
});

function addDelta(i: number, c: number): string {
  const [row, quad] = [`row.${component(i)}`, `tx + ${c} * ACROSS`];
  return `total.${component(i)} += dot(loadOut(place, ${row}, ${quad}), loadDOut(place, ${row}, ${quad}));`;
}

function writeDelta(i: number): string {
  const x = component(i);
  return `if (tx == 0 && row.${x} < stackedRows) { delta[statisticAt(place, row.${x})] = total.${x}; }`;
}

function writeQuery(tiles: Tiles, i: number): string {
  const x = component(i);
  return `
  if (row.${x} < stackedRows) {
    let at = queryAt(place, row.${x});
    ${eachColumn(tiles, (c) => `dRotated[at + tx + ${c} * ACROSS] = SCALE * dQuery${i}_${c};`)}
  }`;
}

/**
 * The gradients of keys and values: dV = pᵀ dOut, dK = dSᵀ q / √d. One workgroup makes 32 keys of a key head while the
 * stacked rows of all its G query heads pass by, so that their sum needs no atomics.
 * @see flashQueryGradient for the source
 */
export const flashKeyGradient = memoize((headWidth: number, group: number, hasStarts: boolean): WgslProgram => {
  const tiles = tilesOf(headWidth, group);
  const weigh = (j: number) => `
    let weight${j} = weightOf(place, passing + tx + ${j} * ACROSS, key, s${j});
    weights[weightAt(tx + ${j} * ACROSS, ty)] = weight${j};`;
  const differentiate = (j: number) => `{
      let at = statisticAt(place, min(passing + tx + ${j} * ACROSS, stackedRows - 1));
      weights[weightAt(tx + ${j} * ACROSS, ty)] = weight${j} * (dWeight${j} - delta[at]);
    }`;
  return {
    name: `flash-key-gradient-${headWidth}`,
    storage: [
      read('rotated'),
      read('qkv'),
      read('dOut'),
      read('logSumExp', 'f32'),
      read('delta', 'f32'),
      ...(hasStarts ? [read('starts', 'i32')] : []),
      written('dRotated'),
      written('dQkv'),
    ],
    uniforms: attentionUniforms,
    source: `${prelude(tiles)}
${firstSeen(hasStarts)}
${stackedLoader('loadQuery', 'rotated', 'queryAt')}
${stackedLoader('loadDOut', 'dOut', 'resultAt')}
${keyLoader('loadKey', 'rotated', 'keyAt')}
${keyLoader('loadValue', 'qkv', 'valueAt')}
/** exp(s - logSumExp) of a stacked row in four keys, zero where it does not see them. */
fn weightOf(place: Place, row: u32, key: vec4<u32>, score: vec4<f32>) -> vec4<f32> {
  if (row >= u.queryRows * GROUP) { return vec4<f32>(); }
  let seen = (key >= vec4<u32>(firstSeenBy(place, row))) & (key <= vec4<u32>(row / GROUP + u.firstPosition));
  let logWeight = LOG2_E * (SCALE * score - logSumExp[statisticAt(place, row)]);
  return exp2(select(vec4<f32>(HIDDEN), logWeight, seen));
}
${entry}
  let own = group.x * OWN;
  let place = Place(sequence, keyHead, u.keyRows);
  let key = own + 4 * ty + vec4<u32>(0, 1, 2, 3);
  ${results(tiles, 'dKey')}
  ${results(tiles, 'dValue')}
  // The first query that sees any of these keys stands where the first of them does.
  let firstQuery = own - min(own, u.firstPosition);
  for (var passing = firstQuery * GROUP; passing < stackedRows; passing += PASSING) {
    let count = min(PASSING, stackedRows - passing);
    let lastRow = passing + count - 1;
    if (firstSeenByAny(place, passing, lastRow) >= own + OWN) { continue; }
    ${scores(tiles, 's', 'loadKey', 'loadQuery')}
    ${each(tiles.each, weigh)}
    ${addWeighted(tiles, 'dValue', 'loadDOut')}
    ${scores(tiles, 'dWeight', 'loadValue', 'loadDOut')}
    ${each(tiles.each, differentiate)}
    ${addWeighted(tiles, 'dKey', 'loadQuery')}
  }
  ${each(4, (i) => writeKey(tiles, i))}
}`,
  };
});

function writeKey(tiles: Tiles, i: number): string {
  const x = component(i);
  return `
  if (key.${x} < place.keys) {
    let dKeyAt = keyAt(place, key.${x});
    let dValueAt = valueAt(place, key.${x});
    ${eachColumn(
      tiles,
      (c) => `dRotated[dKeyAt + tx + ${c} * ACROSS] = SCALE * dKey${i}_${c};
      dQkv[dValueAt + tx + ${c} * ACROSS] = dValue${i}_${c};`,
    )}
  }`;
}
