/** What a product is added to: y [M, N] = residual + bias, each where its address is not 0; zeros without both. */
export function beginRows(m: u32, n: u32, residual: usize, bias: usize, y: usize): void {
  const row = (<usize>n) << 2;
  if (residual) memory.copy(y, residual, <usize>m * row);
  else if (!bias) memory.fill(y, 0, <usize>m * row);
  if (!bias) return;
  for (let i: u32 = 0; i < m; i++) {
    const at = y + <usize>i * row;
    for (let k: usize = 0; k < row; k += 4) {
      store<f32>(at + k, (residual ? load<f32>(at + k) : 0) + load<f32>(bias + k));
    }
  }
}

/** Rows of `bytes` bytes from one place to another, each with its own distance between rows. */
export function copyRows(count: u32, bytes: usize, from: usize, fromRow: usize, to: usize, toRow: usize): void {
  for (let i: u32 = 0; i < count; i++) memory.copy(to + <usize>i * toRow, from + <usize>i * fromRow, bytes);
}
