// Randomness of the operating system, drawn in blocks: one call into it costs as much as some hundred numbers.

import { randomFillSync } from 'node:crypto'
import type { Random } from '../host.ts'
import { uniformBelow } from '../uniform.ts'

const block = new Uint32Array(1024)
let used = block.length

function next32(): number {
  if (used === block.length) {
    randomFillSync(block)
    used = 0
  }
  return block[used++]!
}

export const realRandom: Random = {
  below: (below) => uniformBelow(below, next32),
  fill: (target) => randomFillSync(target),
}
