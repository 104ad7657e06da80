// Randomness of the operating system, drawn in blocks: one call into it costs as much as some hundred numbers. Read
// from where Unix keeps it: node:crypto would bring OpenSSL along, 3.4 MB and 8 ms of a start.

import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import type { Random } from '../host.ts'
import { uniformBelow } from '../uniform.ts'

const SOURCE = '/dev/urandom'
const fill = existsSync(SOURCE) ? fillFromSource : fillFromCrypto

const block = new Uint32Array(1024)
const blockBytes = new Uint8Array(block.buffer)
let used = block.length

function fillFromSource(target: Uint8Array): Uint8Array {
  const file = openSync(SOURCE, 'r')
  try {
    for (let size = 0; size < target.length; ) size += readSync(file, target, size, target.length - size, null)
  } finally {
    closeSync(file)
  }
  return target
}

/** Windows. */
function fillFromCrypto(target: Uint8Array): Uint8Array {
  return process.getBuiltinModule('node:crypto').randomFillSync(target)
}

function next32(): number {
  if (used === block.length) {
    fill(blockBytes)
    used = 0
  }
  return block[used++]!
}

export const realRandom: Random = {
  below: (below) => uniformBelow(below, next32),
  fill,
}
