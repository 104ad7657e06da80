// Every message that Apache Kafka 4.4.0 wrote for us, at every version: same value out, same bytes again.

import t from 'tap'
import type { Field, Fields } from '../../protocol/field.ts'
import { Reader } from '../../protocol/reader.ts'
import { messages, vectors } from './oracle.ts'

type Json = Record<string, unknown>

/** Where our value first differs from Kafka's JSON of it; undefined when it does not. */
function difference(ours: Json, kafka: Json, fields: Fields, version: number, path: string): string | undefined {
  for (const name of Object.keys(kafka)) {
    if (!(name in fields)) return `${path}.${name} is not declared`
  }
  for (const [name, field] of Object.entries(fields)) {
    const absent = version < field.since || version > field.until
    // Kafka leaves tagged fields out that equal their default, and whatever the version lacks.
    if (!(name in kafka) && !absent && field.tag === undefined) return `${path}.${name} is missing in the vector`
    const found =
      name in kafka
        ? fieldDifference(ours[name], kafka[name], field, version, `${path}.${name}`)
        : defaultDifference(ours[name], field, `${path}.${name}`)
    if (found !== undefined) return found
  }
  const unknown = Object.keys(ours).find((name) => !(name in fields) && name !== 'unknownTaggedFields')
  return unknown && `${path}.${unknown} should not be there`
}

function fieldDifference(
  ours: unknown,
  kafka: unknown,
  field: Field,
  version: number,
  path: string,
): string | undefined {
  // Of records the vectors tell the size only; the bytes must come out of the encoder again.
  if (field.type === 'records') return undefined
  if (field.type === 'struct' && ours !== null && kafka !== null) {
    return difference(ours as Json, kafka as Json, field.fields!, version, path)
  }
  if (Array.isArray(ours) && Array.isArray(kafka)) {
    if (ours.length !== kafka.length) return `${path} has ${ours.length} elements, not ${kafka.length}`
    for (const [index, element] of ours.entries()) {
      const found = fieldDifference(element, kafka[index], field.element!, version, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return jsonOf(ours) === jsonOf(kafka) ? undefined : `${path} is ${jsonOf(ours)}, not ${jsonOf(kafka)}`
}

/** One text for one value, whether it came from JSON or from bytes. */
function jsonOf(value: unknown): string {
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'))
  return typeof value === 'bigint' ? `${value}` : JSON.stringify(value)
}

const ZERO = {
  bool: 'false',
  string: '""',
  uuid: '"AAAAAAAAAAAAAAAAAAAAAA"',
  bytes: '""',
  records: 'null',
  array: '[]',
}

function defaultDifference(ours: unknown, field: Field, path: string): string | undefined {
  if (field.type === 'struct' && field.default === undefined) {
    for (const [name, member] of Object.entries(field.fields!)) {
      const found = defaultDifference((ours as Json)[name], member, `${path}.${name}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  const zero = field.type in ZERO ? ZERO[field.type as keyof typeof ZERO] : '0'
  const expected = field.default === undefined ? zero : jsonOf(field.default)
  return jsonOf(ours) === expected ? undefined : `${path} is ${jsonOf(ours)}, not its default ${expected}`
}

const failed = new Map<string, string>()
const seen = new Set<string>()
let count = 0
let withUnknownTags = 0

for (const { message: name, version, bytes, json } of vectors()) {
  const where = `${name} v${version}`
  const message = messages.get(name)
  count++
  seen.add(where)
  if (message === undefined) {
    failed.set(where, 'not declared')
    continue
  }
  const reader = new Reader(bytes)
  const value = message.decode(reader, version)
  if (reader.remaining > 0) failed.set(where, `${reader.remaining} bytes left over`)
  const found = difference(value, json as Json, message.fields, version, name)
  if (found !== undefined) failed.set(where, found)
  if (value.unknownTaggedFields !== undefined) withUnknownTags++
  const hex = Buffer.from(bytes).toString('hex')
  const whole = Buffer.from(message.encodeBytes(value, version)).toString('hex')
  if (whole !== hex) failed.set(where, `bytes\n  Kafka ${hex}\n  ours  ${whole}`)
  if (Buffer.concat(message.encode(value, version)).toString('hex') !== whole) failed.set(where, 'chunks')
}

t.equal(count, 3719, 'all vectors are there')
for (const [where, why] of [...failed].slice(0, 20)) t.fail(`${where}: ${why}`)
t.equal(failed.size, 0, 'every vector decodes to the stated value and encodes to the stated bytes')
t.ok(withUnknownTags > 0, `unknown tagged fields survive, on ${withUnknownTags} vectors`)

const declared: string[] = []
for (const { name, minVersion, maxVersion } of messages.values()) {
  for (let version = minVersion; version <= maxVersion; version++) declared.push(`${name} v${version}`)
}
t.same([...seen].sort(), declared.sort(), 'the vectors cover every version of every message that we declare')
