// From the declaration of a request to many of them: the least one, one with an element in each array, from that one
// others with one field at a limit of its type, and from its bytes those that are malformed at one place.

import type { Field, Fields, ScalarType } from '../../../protocol/field.ts'
import type { Message } from '../../../protocol/schema.ts'
import { isIn, isStruct, join, type Mark, Spelling, type Value } from './spelling.ts'

export interface Case {
  readonly label: string
  readonly body: Uint8Array
}

/** What stands in a field of an otherwise plain request; undefined for what its type suggests. */
export type Example = (name: string, path: string) => Value | undefined

interface Struct {
  [name: string]: Value
}

const TWICE = 'with an element twice'
const UNKNOWN_ID = 'unknown-unknown-unknow'
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

const LIMITS: Partial<Record<ScalarType, readonly [label: string, value: Value][]>> = {
  bool: [['true', true]],
  int8: [
    ['-128', -128],
    ['-1', -1],
    ['127', 127],
  ],
  int16: [
    ['-32768', -32768],
    ['-1', -1],
    ['32767', 32767],
  ],
  uint16: [['65535', 65535]],
  int32: [
    ['-2147483648', -2147483648],
    ['-1', -1],
    ['2147483647', 2147483647],
  ],
  int64: [
    ['the least', -(1n << 63n)],
    ['-1', -1n],
    ['the largest', (1n << 63n) - 1n],
  ],
  float64: [
    ['-1', -1],
    ['infinite', Number.POSITIVE_INFINITY],
    ['not a number', Number.NaN],
  ],
  string: [
    ['empty', ''],
    ['not ASCII', 'žluťoučký kůň'],
    ['300 characters', 'x'.repeat(300)],
    ['with a space, a slash and a line', 'a b/c\nd'],
  ],
  uuid: [
    ['zero', ZERO_ID],
    ['one', 'AAAAAAAAAAAAAAAAAAAAAQ'],
    ['unknown', UNKNOWN_ID],
  ],
  bytes: [
    ['empty', new Uint8Array(0)],
    ['a few', Uint8Array.of(1, 2, 3)],
  ],
  records: [
    ['empty', new Uint8Array(0)],
    ['a few bytes', Uint8Array.of(1, 2, 3)],
  ],
}

/** What is asked for twice comes last: it may leave more behind on one broker than on another. */
export function casesOf(message: Message, version: number, example: () => Example, skip: RegExp): Case[] {
  const all = [...differing(message, version, example)].filter(({ label }) => !skip.test(label))
  const isTwice = ({ label }: Case) => label.endsWith(TWICE)
  return [...all.filter((one) => !isTwice(one)), ...all.filter(isTwice)]
}

function* differing(message: Message, version: number, example: () => Example): Generator<Case> {
  const spelt = (value: Struct) => new Spelling(message, version, value)
  const whole = () => structOf(message.fields, version, example(), '', 'one')
  yield { label: 'the least', body: spelt(structOf(message.fields, version, example(), '', 'least')).bytes() }
  yield { label: 'one of each', body: spelt(whole()).bytes() }
  for (const { path, field } of fieldsOf(message.fields, version, ''))
    for (const [label, change] of changesOf(field, version))
      yield { label: `${path} ${label}`, body: spelt(changed(whole(), path.split('.'), change)).bytes() }
  const base = spelt(whole())
  yield* malformed(base.bytes(), base.marks)
}

/** Every field of a version, with its path. */
function* fieldsOf(fields: Fields, version: number, path: string): Generator<{ path: string; field: Field }> {
  for (const [name, field] of Object.entries(fields)) {
    if (!isIn(field, version)) continue
    const at = join(path, name)
    yield { path: at, field }
    const inner = field.fields ?? field.element?.fields
    if (inner !== undefined) yield* fieldsOf(inner, version, at)
  }
}

type Change = (value: Value) => Value

function* changesOf(field: Field, version: number): Generator<[label: string, Change]> {
  if (version >= field.nullableSince) yield ['null', () => null]
  if (field.type === 'array') {
    yield ['with no element', () => []]
    yield [TWICE, (value) => (Array.isArray(value) ? [...value, ...value] : value)]
    // Scalars are changed as the only element of their array.
    const { type } = field.element!
    if (type !== 'array' && type !== 'struct')
      for (const [label, value] of LIMITS[type] ?? []) yield [`with ${label}`, () => [value]]
  } else if (field.type !== 'struct') for (const [label, value] of LIMITS[field.type] ?? []) yield [label, () => value]
}

function changed(value: Struct, path: readonly string[], change: Change): Struct {
  const [name, ...rest] = path
  const old = value[name!] ?? null
  if (rest.length === 0) return { ...value, [name!]: change(old) }
  const inner = (item: Value): Value => (isStruct(item) ? changed(item, rest, change) : item)
  return { ...value, [name!]: Array.isArray(old) ? old.map(inner) : inner(old) }
}

function structOf(fields: Fields, version: number, example: Example, path: string, kind: 'least' | 'one'): Struct {
  const value: Struct = {}
  for (const [name, field] of Object.entries(fields)) {
    if (!isIn(field, version)) continue
    if (kind === 'least' && field.tag !== undefined) continue
    value[name] = fieldValue(field, name, version, example, join(path, name), kind)
  }
  return value
}

function fieldValue(
  field: Field,
  name: string,
  version: number,
  example: Example,
  path: string,
  kind: 'least' | 'one',
): Value {
  if (kind === 'least' && version >= field.nullableSince) return null
  if (field.type === 'array')
    return kind === 'least' ? [] : [fieldValue(field.element!, name, version, example, path, kind)]
  if (field.type === 'struct') return structOf(field.fields!, version, example, path, kind)
  const chosen = example(name, path)
  if (chosen !== undefined) return chosen
  if (field.type === 'string') return kind === 'least' ? '' : `an-example`
  if (field.type === 'uuid') return kind === 'least' ? ZERO_ID : UNKNOWN_ID
  if (field.type === 'bytes' || field.type === 'records') return new Uint8Array(0)
  return field.type === 'bool' ? false : field.type === 'int64' ? 0n : 0
}

function* malformed(bytes: Uint8Array, marks: readonly Mark[]): Generator<Case> {
  yield { label: 'bytes: none', body: new Uint8Array(0) }
  if (bytes.length > 1) yield { label: 'bytes: one lacks', body: bytes.subarray(0, bytes.length - 1) }
  if (bytes.length > 3) yield { label: 'bytes: half of them', body: bytes.subarray(0, bytes.length >> 1) }
  yield { label: 'bytes: three too many', body: Buffer.concat([bytes, Uint8Array.of(7, 7, 7)]) }
  for (const mark of marks) for (const [label, written] of spoilt(mark)) yield { label, body: at(bytes, mark, written) }
}

function* spoilt(mark: Mark): Generator<[label: string, bytes: number[]]> {
  const what = `bytes: ${mark.path}`
  if (mark.kind === 'tags') {
    yield [`${what}: an unknown one`, [1, 90, 3, 1, 2, 3]]
    yield [`${what}: an unknown one twice`, [2, 90, 1, 1, 90, 1, 1]]
    yield [`${what}: more than there is`, [0xff, 0xff, 0xff, 0xff, 7]]
    yield [`${what}: one that is too long`, [1, 90, 0xff, 0xff, 0xff, 0xff, 7, 1]]
  } else if (mark.kind === 'struct') yield [`${what}: neither there nor not`, [7]]
  else if (mark.isCompact) {
    if (!mark.isNullable) yield [`${what}: null`, [0]]
    yield [`${what}: longer than the frame`, [0xff, 0xff, 0xff, 0xff, 7]]
    yield [`${what}: a length without an end`, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]
  } else {
    const isShort = mark.kind === 'string'
    if (!mark.isNullable) yield [`${what}: null`, isShort ? [0xff, 0xff] : [0xff, 0xff, 0xff, 0xff]]
    yield [`${what}: longer than the frame`, isShort ? [0x7f, 0xff] : [0x7f, 0xff, 0xff, 0xff]]
    yield [`${what}: of length -2`, isShort ? [0xff, 0xfe] : [0xff, 0xff, 0xff, 0xfe]]
  }
}

function at(bytes: Uint8Array, { position, size }: Mark, written: readonly number[]): Uint8Array {
  return Buffer.concat([bytes.subarray(0, position), Uint8Array.from(written), bytes.subarray(position + size)])
}
