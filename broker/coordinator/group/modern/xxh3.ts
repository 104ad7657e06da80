// XXH3 with 64 bits and no seed, by which Kafka (KIP-1101) tells whether topics have changed. It runs when the topics
// of a group are looked at anew, over some bytes a partition: BigInt is fast enough. Source: the specification at
// github.com/Cyan4973/xxHash (doc/xxhash_spec.md); the results are those of hash4j.

const MASK = 0xffff_ffff_ffff_ffffn
const PRIME32 = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn] as const
const PRIME64 = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const
const PRIME_MX1 = 0x165667919e3779f9n
const PRIME_MX2 = 0x9fb21c651e98df25n

const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221' +
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8' +
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb' +
    '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
)
const STRIPE = 64
/** Stripes before the accumulators are scrambled: as many as there are 8-byte steps in the secret. */
const STRIPES_PER_BLOCK = (SECRET.length - STRIPE) / 8

export function xxh3(input: Uint8Array): bigint {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const { length } = bytes
  if (length <= 16) return upTo16(bytes)
  if (length <= 128) return upTo128(bytes)
  return length <= 240 ? upTo240(bytes) : long(bytes)
}

const read64 = (bytes: Buffer, position: number): bigint => bytes.readBigUInt64LE(position)
const secret64 = (position: number): bigint => SECRET.readBigUInt64LE(position)
const times = (a: bigint, b: bigint): bigint => (a * b) & MASK
const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK

function fold(a: bigint, b: bigint): bigint {
  const product = a * b
  return (product & MASK) ^ (product >> 64n)
}

function swap64(value: bigint): bigint {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.readBigUInt64BE()
}

function avalanche(hash: bigint): bigint {
  const mixed = times(hash ^ (hash >> 37n), PRIME_MX1)
  return mixed ^ (mixed >> 32n)
}

function avalanche64(hash: bigint): bigint {
  let mixed = times(hash ^ (hash >> 33n), PRIME64[1])
  mixed = times(mixed ^ (mixed >> 29n), PRIME64[2])
  return mixed ^ (mixed >> 32n)
}

function upTo16(bytes: Buffer): bigint {
  const { length } = bytes
  if (length > 8) {
    const low = read64(bytes, 0) ^ secret64(24) ^ secret64(32)
    const high = read64(bytes, length - 8) ^ secret64(40) ^ secret64(48)
    return avalanche((BigInt(length) + swap64(low) + high + fold(low, high)) & MASK)
  }
  if (length >= 4) {
    const first = BigInt(bytes.readUInt32LE(0))
    const last = BigInt(bytes.readUInt32LE(length - 4))
    let hash = (last + (first << 32n)) ^ secret64(8) ^ secret64(16)
    hash = times(hash ^ rotate(hash, 49n) ^ rotate(hash, 24n), PRIME_MX2)
    hash = times(hash ^ ((hash >> 35n) + BigInt(length)), PRIME_MX2)
    return hash ^ (hash >> 28n)
  }
  if (length === 0) return avalanche64(secret64(56) ^ secret64(64))
  const [first, middle, last] = [bytes[0]!, bytes[length >> 1]!, bytes[length - 1]!]
  const combined = BigInt(((first << 16) | (middle << 24) | last | (length << 8)) >>> 0)
  return avalanche64(combined ^ BigInt((SECRET.readUInt32LE(0) ^ SECRET.readUInt32LE(4)) >>> 0))
}

function mix16(bytes: Buffer, position: number, secretAt: number): bigint {
  return fold(read64(bytes, position) ^ secret64(secretAt), read64(bytes, position + 8) ^ secret64(secretAt + 8))
}

function upTo128(bytes: Buffer): bigint {
  const { length } = bytes
  let hash = times(BigInt(length), PRIME64[0])
  for (let pair = (length - 1) >> 5; pair >= 0; pair--) {
    hash += mix16(bytes, 16 * pair, 32 * pair) + mix16(bytes, length - 16 * (pair + 1), 32 * pair + 16)
  }
  return avalanche(hash & MASK)
}

function upTo240(bytes: Buffer): bigint {
  const { length } = bytes
  let hash = times(BigInt(length), PRIME64[0])
  for (let index = 0; index < 8; index++) hash += mix16(bytes, 16 * index, 16 * index)
  hash = avalanche(hash & MASK)
  for (let index = 8; index < length >> 4; index++) hash += mix16(bytes, 16 * index, 16 * (index - 8) + 3)
  hash += mix16(bytes, length - 16, 136 - 17)
  return avalanche(hash & MASK)
}

function long(bytes: Buffer): bigint {
  const { length } = bytes
  const lanes = [PRIME32[2], PRIME64[0], PRIME64[1], PRIME64[2], PRIME64[3], PRIME32[1], PRIME64[4], PRIME32[0]]
  const stripes = Math.floor((length - 1) / STRIPE)
  for (let stripe = 0; stripe < stripes; stripe++) {
    const inBlock = stripe % STRIPES_PER_BLOCK
    accumulate(lanes, bytes, stripe * STRIPE, 8 * inBlock)
    if (inBlock === STRIPES_PER_BLOCK - 1) scramble(lanes)
  }
  accumulate(lanes, bytes, length - STRIPE, SECRET.length - STRIPE - 7)
  let hash = times(BigInt(length), PRIME64[0])
  for (let lane = 0; lane < 8; lane += 2) {
    hash += fold(lanes[lane]! ^ secret64(11 + 8 * lane), lanes[lane + 1]! ^ secret64(19 + 8 * lane))
  }
  return avalanche(hash & MASK)
}

function accumulate(lanes: bigint[], bytes: Buffer, position: number, secretAt: number): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = read64(bytes, position + 8 * lane)
    const key = value ^ secret64(secretAt + 8 * lane)
    lanes[lane ^ 1] = (lanes[lane ^ 1]! + value) & MASK
    lanes[lane] = (lanes[lane]! + (key & 0xffff_ffffn) * (key >> 32n)) & MASK
  }
}

function scramble(lanes: bigint[]): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = lanes[lane]!
    lanes[lane] = times(value ^ (value >> 47n) ^ secret64(SECRET.length - STRIPE + 8 * lane), PRIME32[0])
  }
}
