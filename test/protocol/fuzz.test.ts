// Decoders meet damaged and invented bytes. Whatever they are: a value or `MalformedRequest`, never anything else;
// never more elements, characters or bytes made than there were bytes; and what was decoded encodes to something that
// decodes to the same.
//
// Replay with the seed that is printed: SEED=n; more cases with CASES=n.

import t from 'tap'
import { MalformedRequest } from '../../protocol/errors.ts'
import { groupRecords } from '../../protocol/messages/group-state/group-records.ts'
import { decodeMetadataRecord } from '../../protocol/messages/metadata-log/frame.ts'
import type { Message } from '../../protocol/schema.ts'
import { messages, type Vector, vectors } from './oracle.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const caseCount = Number(process.env['CASES'] ?? 40_000)
t.comment(`SEED=${seed} CASES=${caseCount}`)

/** xorshift32 */
let state = seed | 1
function random(limit: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % limit
}

/** Lengths that hurt: null, negative, huge, in classic and compact form. */
const LENGTHS = [
  'ffffffff',
  '7fffffff',
  '80000000',
  'ffff',
  '8000',
  '7fff',
  '00',
  '00000000',
  'ffffffff0f',
  'ffffffff07',
  '808080808001',
]

const corpus: readonly Vector[] = [...vectors()]

function damaged(bytes: Uint8Array): Buffer {
  let result = Buffer.from(bytes)
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(result.length + 1)
    switch (random(6)) {
      case 0:
        if (at < result.length) result[at] = result[at]! ^ (1 << random(8))
        break
      case 1:
        result = result.subarray(0, at)
        break
      case 2:
        result = Buffer.concat([result.subarray(0, at), noise(1 + random(8)), result.subarray(at)])
        break
      case 3: {
        const length = Buffer.from(LENGTHS[random(LENGTHS.length)]!, 'hex')
        result = Buffer.concat([
          result.subarray(0, at),
          length,
          result.subarray(Math.min(result.length, at + length.length)),
        ])
        break
      }
      case 4: {
        const other = corpus[random(corpus.length)]!.bytes
        result = Buffer.concat([result.subarray(0, at), other.subarray(random(other.length + 1))])
        break
      }
      default:
        if (at < result.length) result[at] = random(256)
    }
  }
  return result
}

function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let index = 0; index < size; index++) bytes[index] = random(256)
  return bytes
}

/** Elements of arrays, characters of strings and bytes of byte fields in a value. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (value instanceof Uint8Array) return value.byteLength
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + sizeOf(one), value.length)
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce((sum: number, one) => sum + sizeOf(one), 0)
}

// The compiler and the drawing up of stack traces append to arrays as well, which is not what is counted below.
for (const { message, version, bytes } of corpus) messages.get(message)!.decode(bytes, version)
Error.stackTraceLimit = 0

/** Elements that decoders append, counted in arrays that are thrown away on failure, too. */
let pushed = 0
const push = Array.prototype.push
function countingPush(this: unknown[], ...elements: unknown[]): number {
  pushed += elements.length
  return push.apply(this, elements)
}

function counted<T>(act: () => T): T {
  pushed = 0
  Array.prototype.push = countingPush
  try {
    return act()
  } finally {
    Array.prototype.push = push
  }
}

const outcome = { decoded: 0, refused: 0 }
const faults: string[] = []

function tryDecode(message: Message, version: number, bytes: Uint8Array): void {
  const fault = (what: string): number =>
    faults.push(`${message.name} v${version} ${what}: ${Buffer.from(bytes).toString('hex')}`)
  let value: ReturnType<Message['decode']>
  try {
    value = counted(() => message.decode(bytes, version))
  } catch (error) {
    outcome.refused++
    if (!(error instanceof MalformedRequest)) fault(`threw ${error}`)
    if (pushed > bytes.byteLength) fault(`appended ${pushed} elements before it refused`)
    return
  }
  outcome.decoded++
  if (pushed > bytes.byteLength) fault(`appended ${pushed} elements`)
  // Strings and uuids that a version lacks are made of defaults, of which a struct has a fixed number.
  const least = sizeOf(message.decode(message.encodeBytes(value, version), version))
  if (least !== sizeOf(value)) fault('does not survive a round trip')
  const again = message.encodeBytes(value, version)
  const twice = message.encodeBytes(message.decode(again, version), version)
  if (!Buffer.from(again).equals(twice)) fault('is not stable')
}

t.test('damaged vectors', async (t) => {
  for (let index = 0; index < caseCount; index++) {
    const vector = corpus[random(corpus.length)]!
    const message = messages.get(vector.message)!
    const sameVersion = random(4) > 0
    const version = sameVersion
      ? vector.version
      : message.minVersion + random(message.maxVersion - message.minVersion + 1)
    tryDecode(message, version, damaged(vector.bytes))
  }
  t.same(faults.slice(0, 5), [], `${outcome.decoded} decoded, ${outcome.refused} refused`)
  t.ok(outcome.decoded > 0 && outcome.refused > 0, 'both happen')
})

t.test('noise', async (t) => {
  const all = [...messages.values()]
  for (let index = 0; index < caseCount / 4; index++) {
    const message = all[random(all.length)]!
    tryDecode(message, message.minVersion + random(message.maxVersion - message.minVersion + 1), noise(random(200)))
  }
  t.same(faults.slice(0, 5), [])
})

t.test('frames of records', async (t) => {
  for (let index = 0; index < caseCount / 4; index++) {
    const vector = corpus[random(corpus.length)]!
    const bytes = damaged(Buffer.concat([Buffer.from([1, random(32), random(3)]), vector.bytes]))
    try {
      if (random(2) === 0) decodeMetadataRecord(bytes)
      else groupRecords.decode(Buffer.concat([Buffer.from([0, random(24)]), vector.bytes]), bytes)
    } catch (error) {
      if (!(error instanceof MalformedRequest)) faults.push(`${error} ${bytes.toString('hex')}`)
    }
  }
  t.same(faults.slice(0, 5), [])
})

t.test('every cut of a vector is refused or read in full', async (t) => {
  for (const vector of corpus.filter(() => random(20) === 0)) {
    const message = messages.get(vector.message)!
    for (let size = 0; size < vector.bytes.byteLength; size++) {
      try {
        message.decode(vector.bytes.subarray(0, size), vector.version)
        faults.push(`${vector.message} v${vector.version} decodes from ${size} of ${vector.bytes.byteLength} bytes`)
      } catch (error) {
        if (!(error instanceof MalformedRequest)) faults.push(`${error}`)
      }
    }
  }
  t.same(faults.slice(0, 5), [])
})
