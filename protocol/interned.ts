// Strings out of bytes, for those that come again and again: names of topics and clients, ids of topics. Finding one by
// a hash of its bytes costs a third of making it anew, leaves nothing for the collector, and what is found has its own
// hash for maps already.
//
// What is found is compared, byte by byte: strings of the same hash cost no more than what is not kept. A table of
// fixed size, in which the last comer wins, is the bound.

const TABLE_SIZE = 1024
const MAX_INTERNED_SIZE = 64

const strings: string[] = new Array(TABLE_SIZE).fill('')
const uuids: string[] = new Array(TABLE_SIZE).fill('')
/** The bytes of `uuids`, four words each. */
const uuidWords = new Int32Array(4 * TABLE_SIZE)

/** UTF-8 to a string. */
export function interned(memory: Buffer, at: number, size: number): string {
  if (size > MAX_INTERNED_SIZE) return memory.toString('utf8', at, at + size)
  let hash = size
  for (let index = at; index < at + size; index++) hash = (Math.imul(hash, 31) + memory[index]!) | 0
  const place = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (TABLE_SIZE - 1)
  const known = strings[place]!
  if (isSame(known, memory, at, size)) return known
  const text = memory.toString('utf8', at, at + size)
  // Longer in bytes: it would never be found again.
  if (text.length === size) strings[place] = text
  return text
}

function isSame(text: string, memory: Buffer, at: number, size: number): boolean {
  if (text.length !== size) return false
  for (let index = 0; index < size; index++) {
    const byte = memory[at + index]!
    if (byte >= 0x80 || text.charCodeAt(index) !== byte) return false
  }
  return true
}

/** 16 bytes to 22 characters of base64url. */
export function internedUuid(memory: Buffer, view: DataView, at: number): string {
  const a = view.getInt32(at)
  const b = view.getInt32(at + 4)
  const c = view.getInt32(at + 8)
  const d = view.getInt32(at + 12)
  const hash = a ^ b ^ c ^ d
  const place = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (TABLE_SIZE - 1)
  const words = place * 4
  const known = uuids[place]!
  if (
    known !== '' &&
    uuidWords[words] === a &&
    uuidWords[words + 1] === b &&
    uuidWords[words + 2] === c &&
    uuidWords[words + 3] === d
  ) {
    return known
  }
  const text = memory.toString('base64url', at, at + 16)
  uuids[place] = text
  uuidWords[words] = a
  uuidWords[words + 1] = b
  uuidWords[words + 2] = c
  uuidWords[words + 3] = d
  return text
}
