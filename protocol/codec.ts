// The compiler: from the declaration of a message and one of its versions to two straight-line functions.
//
// Every struct becomes one plain function; what the version lacks costs nothing at run time. All of a struct's fields
// are read into locals and put into one object literal, always in the same order, so that decoded values of all
// versions share one shape. The source handed to `new Function` is made of declared names and numbers only, never of
// input.
//
// Totality of decoders: the depth is that of the declaration; lengths are checked by the Reader, and the count of an
// array against the least size its elements can have, which is computed here and never zero.

import { UnencodableValue } from './errors.ts'
import type { Field, Fields, ScalarType } from './field.ts'
import type { Reader } from './reader.ts'
import { ZERO_UUID } from './wire.ts'
import type { Writer } from './writer.ts'

export type Decoder = (reader: Reader) => unknown
export type Encoder = (writer: Writer, value: unknown) => void

/** Of a message, as schema.ts has it. */
interface Definition {
  readonly name: string
  /** First flexible version (KIP-482: compact lengths, tagged fields); infinite when none is. */
  readonly flexibleSince: number
  readonly fields: Fields
}

export function compileDecoder(message: Definition, version: number): Decoder {
  return new DecoderSource(message, version).compile<Decoder>()
}

export function compileEncoder(message: Definition, version: number): Encoder {
  return new EncoderSource(message, version).compile<Encoder>()
}

/** [least size, least size in a flexible version, default as source text] */
const SCALARS: Readonly<Record<ScalarType, readonly [size: number, compactSize: number, zero: string]>> = {
  bool: [1, 1, 'false'],
  int8: [1, 1, '0'],
  int16: [2, 2, '0'],
  uint16: [2, 2, '0'],
  int32: [4, 4, '0'],
  uint32: [4, 4, '0'],
  int64: [8, 8, '0n'],
  float64: [8, 8, '0'],
  uuid: [16, 16, `'${ZERO_UUID}'`],
  string: [2, 1, "''"],
  bytes: [4, 1, 'EMPTY'],
  records: [4, 1, 'null'],
}

const LENGTH_PREFIXED: ReadonlySet<string> = new Set(['string', 'bytes', 'records'])

const EMPTY = new Uint8Array(0)

const unencodable = (what: string): never => {
  throw new UnencodableValue(what)
}

/** What both directions share: which fields a version has, defaults, and the functions made so far. */
abstract class Source {
  protected readonly version: number
  protected readonly flexible: boolean
  readonly #message: Definition
  readonly #functions = new Map<string, string>()
  readonly #names = new Map<Fields, string>()

  constructor(message: Definition, version: number) {
    this.#message = message
    this.version = version
    this.flexible = version >= message.flexibleSince
  }

  compile<F>(): F {
    const main = this.struct(this.#message.fields, this.#message.name)
    const source = `'use strict'\n${[...this.#functions.values()].join('\n')}\nreturn ${main}`
    return new Function('EMPTY', 'unencodable', source)(EMPTY, unencodable) as F
  }

  /** The name of the function for a struct, which is made when asked for the first time. */
  protected struct(fields: Fields, path: string): string {
    return this.functionFor('struct', fields, path, (name) => this.structSource(fields, path, name))
  }

  protected abstract structSource(fields: Fields, path: string, name: string): string

  protected functionFor(kind: string, fields: Fields, path: string, make: (name: string) => string): string {
    let base = this.#names.get(fields)
    if (base === undefined) {
      base = path.replaceAll('.', '_')
      this.#names.set(fields, base)
    }
    const name = `${kind}_${base}`
    if (!this.#functions.has(name)) this.#functions.set(name, make(name))
    return name
  }

  protected has(field: Field): boolean {
    return this.version >= field.since && this.version <= field.until
  }

  protected isNullable(field: Field): boolean {
    return this.version >= field.nullableSince
  }

  /** Tagged fields of this version in the order of their tags. */
  protected tagged(fields: Fields): [name: string, field: Field, tag: number][] {
    if (!this.flexible) return []
    const result: [string, Field, number][] = []
    for (const [name, field] of Object.entries(fields)) {
      if (field.tag !== undefined && this.has(field)) result.push([name, field, field.tag])
    }
    return result.sort((a, b) => a[2] - b[2])
  }

  protected untagged(fields: Fields): [name: string, field: Field][] {
    return Object.entries(fields).filter(([, field]) => field.tag === undefined && this.has(field))
  }

  /** The default of a field as an expression. */
  protected zero(field: Field, path: string): string {
    const value = field.default
    if (typeof value === 'bigint') return `${value}n`
    if (value !== undefined) return JSON.stringify(value)
    if (field.type === 'array') return '[]'
    if (field.type !== 'struct') return SCALARS[field.type][2]
    const fields = field.fields!
    return `${this.functionFor('zero', fields, path, (name) => this.#zeroSource(fields, path, name))}()`
  }

  #zeroSource(fields: Fields, path: string, name: string): string {
    const members = Object.entries(fields).map(([key, field]) => `${key}: ${this.zero(field, `${path}.${key}`)}`)
    return `function ${name}() { return { ${members.join(', ')} } }`
  }

  /** The fewest bytes a field can take. */
  protected leastSize(field: Field): number {
    if (field.type === 'array') return this.flexible ? 1 : 4
    if (field.type !== 'struct') return SCALARS[field.type][this.flexible && field.compact ? 1 : 0]
    if (this.isNullable(field)) return 1
    let size = this.flexible ? 1 : 0
    for (const [, member] of this.untagged(field.fields!)) size += this.leastSize(member)
    return size
  }

  /** `string` to `compactNullableString` and the like, as the Reader and the Writer name them. */
  protected method(field: Field, type: string): string {
    if (!LENGTH_PREFIXED.has(type) && type !== 'count') return type
    const words = [type]
    if (this.isNullable(field)) words.unshift('nullable')
    if (this.flexible && field.compact) words.unshift('compact')
    return words.map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join('')
  }
}

class DecoderSource extends Source {
  protected override structSource(fields: Fields, path: string, name: string): string {
    const lines = [`function ${name}(r) {`]
    for (const [key, field] of Object.entries(fields)) {
      const local = `$${key}`
      if (field.tag === undefined && this.has(field)) lines.push(...this.#read(field, local, `${path}.${key}`, true))
      else lines.push(`let ${local} = ${this.zero(field, `${path}.${key}`)}`)
    }
    if (this.flexible) lines.push(...this.#tagSection(fields, path))
    const members = Object.keys(fields).map((key) => `${key}: $${key}`)
    lines.push(`const value = { ${members.join(', ')} }`)
    if (this.flexible) lines.push('if (unknown !== undefined) value.unknownTaggedFields = unknown')
    lines.push('return value', '}')
    return lines.join('\n')
  }

  #tagSection(fields: Fields, path: string): string[] {
    const lines = ['let unknown', 'for (let tags = r.uvarint(); tags > 0; tags--) {', 'const tag = r.uvarint()']
    lines.push('const end = r.taggedFieldEnd()', 'switch (tag) {')
    for (const [key, field, tag] of this.tagged(fields)) {
      lines.push(`case ${tag}: {`, ...this.#read(field, `$${key}`, `${path}.${key}`, false))
      lines.push('r.expectPosition(end)', 'break', '}')
    }
    lines.push('default: (unknown ??= []).push({ tag, bytes: r.view(end - r.position) })', '}', '}')
    return lines
  }

  /** Statements that read a field into a local. */
  #read(field: Field, local: string, path: string, declare: boolean): string[] {
    const target = declare ? `let ${local}` : local
    if (field.type === 'array') return this.#readArray(field, local, path, declare)
    if (field.type !== 'struct') return [`${target} = r.${this.#scalarMethod(field)}()`]
    const call = `${this.struct(field.fields!, path)}(r)`
    // As a tagged field its absence is a varint of 0, elsewhere a byte of -1.
    const isThere = field.tag === undefined ? 'r.present()' : 'r.uvarint() > 0'
    return [`${target} = ${this.isNullable(field) ? `${isThere} ? ${call} : null` : call}`]
  }

  #scalarMethod(field: Field): string {
    return this.method(field, field.type === 'records' ? 'bytes' : field.type)
  }

  #readArray(field: Field, local: string, path: string, declare: boolean): string[] {
    const element = field.element!
    const size = this.leastSize(element)
    if (size === 0) throw new Error(`${path} has elements without bytes: its length could not be checked`)
    const read =
      element.type === 'struct' ? `${this.struct(element.fields!, path)}(r)` : `r.${this.#scalarMethod(element)}()`
    const count = `${local}Count`
    const lines = [`const ${count} = r.${this.method(field, 'count')}(${size})`]
    const initial = this.isNullable(field) ? `${count} < 0 ? null : []` : '[]'
    // Most have one element; the first push would make room for seventeen.
    lines.push(`${declare ? 'let ' : ''}${local} = ${count} === 1 ? [${read}] : ${initial}`)
    lines.push(`if (${count} > 1) for (let i = 0; i < ${count}; i++) ${local}.push(${read})`)
    return lines
  }
}

class EncoderSource extends Source {
  protected override structSource(fields: Fields, path: string, name: string): string {
    const lines = [`function ${name}(w, value) {`]
    for (const [key, field] of this.untagged(fields)) {
      lines.push(...this.#take(key, field, path), ...this.#write(field, `$${key}`, `${path}.${key}`))
    }
    if (this.flexible) lines.push(...this.#tagSection(fields, path))
    lines.push('}')
    return lines.join('\n')
  }

  /** Statements that take a field out of the value, or its default. */
  #take(key: string, field: Field, path: string): string[] {
    const lines = [`let $${key} = value.${key}`]
    const mayLack = field.default !== undefined || field.tag !== undefined || field.since > 0
    if (mayLack || field.until < Number.POSITIVE_INFINITY) {
      lines.push(`if ($${key} === undefined) $${key} = ${this.zero(field, `${path}.${key}`)}`)
    }
    return lines
  }

  /** Known fields that differ from their default, and unknown ones, in the order of their tags. */
  #tagSection(fields: Fields, path: string): string[] {
    const tagged = this.tagged(fields)
    const lines: string[] = []
    for (const [key, field] of tagged) {
      // No default is made for what is missing: it is not written.
      const isDefault = `$${key} === undefined || ${this.#isDefault(field, `$${key}`, `${path}.${key}`)}`
      lines.push(`const $${key} = value.${key}`, `const has_${key} = !(${isDefault})`)
    }
    const known = tagged.map(([key]) => `has_${key}`)
    lines.push('let unknown = value.unknownTaggedFields')
    lines.push('if (unknown !== undefined && unknown.length > 1) unknown = unknown.toSorted((a, b) => a.tag - b.tag)')
    lines.push('const unknownCount = unknown === undefined ? 0 : unknown.length')
    lines.push(`w.uvarint(${[...known, 'unknownCount'].join(' + ')})`)
    if (tagged.length > 0) lines.push('let next = 0')
    for (const [key, field, tag] of tagged) {
      lines.push(`while (next < unknownCount && unknown[next].tag < ${tag}) w.taggedField(unknown[next++])`)
      lines.push(`if (has_${key}) {`, `w.uvarint(${tag})`, 'const start = w.beginSized()')
      lines.push(...this.#write(field, `$${key}`, `${path}.${key}`), 'w.endSized(start)', '}')
    }
    const from = tagged.length > 0 ? 'next' : '0'
    lines.push(`for (let i = ${from}; i < unknownCount; i++) w.taggedField(unknown[i])`)
    return lines
  }

  /** An expression: whether a value equals the field's default. */
  #isDefault(field: Field, value: string, path: string): string {
    if (field.default === null) return `${value} === null`
    if (field.type === 'array' || field.type === 'bytes') return `${value} !== null && ${value}.length === 0`
    if (field.type === 'records') throw new Error(`${path}: records cannot be tagged, their chunks have no place there`)
    // Loosely: what stands for an int64 may be a number.
    if (field.type === 'int64') return `${value} == ${this.zero(field, path)}`
    if (field.type !== 'struct') return `${value} === ${this.zero(field, path)}`
    const fields = field.fields!
    const name = this.functionFor('isZero', fields, path, (of) => this.#isZeroSource(fields, path, of))
    return `${value} !== null && ${name}(${value})`
  }

  #isZeroSource(fields: Fields, path: string, name: string): string {
    const tests = Object.entries(fields).map(([key, field]) => {
      const isDefault = this.#isDefault(field, `value.${key}`, `${path}.${key}`)
      return `(value.${key} === undefined || ${isDefault})`
    })
    tests.push('(value.unknownTaggedFields === undefined || value.unknownTaggedFields.length === 0)')
    return `function ${name}(value) { return ${tests.join(' && ')} }`
  }

  #write(field: Field, value: string, path: string): string[] {
    const lines: string[] = []
    if (Number.isFinite(field.nullableSince) && !this.isNullable(field)) {
      lines.push(`if (${value} === null) unencodable('${path} is null, which version ${this.version} cannot say')`)
    }
    if (field.type === 'array') lines.push(...this.#writeArray(field, value, path))
    else if (field.type !== 'struct') lines.push(`w.${this.method(field, field.type)}(${value})`)
    else {
      const call = `${this.struct(field.fields!, path)}(w, ${value})`
      const absent = field.tag === undefined ? 'w.int8(-1)' : 'w.uvarint(0)'
      lines.push(this.isNullable(field) ? `if (${value} === null) ${absent}; else { w.int8(1); ${call} }` : call)
    }
    return lines
  }

  #writeArray(field: Field, value: string, path: string): string[] {
    const element = field.element!
    const item = `${value}[i]`
    const write =
      element.type === 'struct'
        ? `${this.struct(element.fields!, path)}(w, ${item})`
        : `w.${this.method(element, element.type)}(${item})`
    const count = this.flexible ? 'compactCount' : 'count'
    const loop = [`w.${count}(${value}.length)`, `for (let i = 0; i < ${value}.length; i++) ${write}`]
    if (!this.isNullable(field)) return loop
    return [`if (${value} === null) w.${count}(-1); else {`, ...loop, '}']
  }
}
