// A uniform integer below a bound from a source of 32 random bits, without the bias of a plain remainder: values of the
// last, incomplete multiple of the bound are drawn again.

const twoTo32 = 0x1_0000_0000

export function uniformBelow(below: number, next32: () => number): number {
  if (!Number.isSafeInteger(below) || below < 1) throw new Error(`random below ${below}: not a positive safe integer`)
  if (below <= twoTo32) {
    const limit = twoTo32 - (twoTo32 % below)
    for (;;) {
      const value = next32()
      if (value < limit) return value % below
    }
  }
  const range = 2 ** 53
  const limit = range - (range % below)
  for (;;) {
    const value = (next32() >>> 11) * twoTo32 + next32()
    if (value < limit) return value % below
  }
}
