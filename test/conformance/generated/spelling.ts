// A request spelt out from its declaration, field by field, with a note of where each field's length, count or presence
// stands: there a request can be made malformed. It shares no code with protocol/codec.ts, which is thus tested too.

import type { Field, Fields, ScalarType } from '../../../protocol/field.ts'
import type { Message } from '../../../protocol/schema.ts'

export type Value =
  | boolean
  | number
  | bigint
  | string
  | null
  | Uint8Array
  | readonly Value[]
  | { [name: string]: Value }

/** Where a length, a count or a presence stands in the bytes. */
export interface Mark {
  readonly path: string
  readonly kind: 'string' | 'bytes' | 'array' | 'struct' | 'tags'
  readonly position: number
  readonly size: number
  readonly isNullable: boolean
  readonly isCompact: boolean
}

const WIDTHS: Partial<Record<ScalarType, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
}

export class Spelling {
  readonly marks: Mark[] = []
  readonly #bytes: number[] = []
  readonly #version: number
  readonly #isFlexible: boolean

  constructor(message: Message, version: number, value: { [name: string]: Value }) {
    this.#version = version
    this.#isFlexible = version >= message.flexibleSince
    this.#struct(message.fields, value, '')
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  #struct(fields: Fields, value: { [name: string]: Value }, path: string): void {
    const present = Object.entries(fields).filter(([, field]) => isIn(field, this.#version))
    for (const [name, field] of present)
      if (field.tag === undefined) this.#field(field, value[name] ?? null, join(path, name))
    if (!this.#isFlexible) return
    const tagged = present
      .filter(([name, field]) => field.tag !== undefined && value[name] !== undefined)
      .sort(([, a], [, b]) => a.tag! - b.tag!)
    this.#mark(join(path, 'tags'), 'tags', 1, false)
    this.#unsigned(tagged.length)
    for (const [name, field] of tagged) {
      this.#unsigned(field.tag!)
      const start = this.#bytes.length
      const marks = this.marks.length
      this.#field(field, value[name] ?? null, join(path, name))
      // The size comes first: what was spelt moves up, and nothing inside is marked, since a change would need another.
      const spelt = this.#bytes.splice(start)
      this.marks.length = marks
      this.#unsigned(spelt.length)
      for (const byte of spelt) this.#bytes.push(byte)
    }
  }

  #field(field: Field, value: Value, path: string): void {
    const isNullable = this.#version >= field.nullableSince
    if (field.type === 'struct') {
      if (isNullable) {
        this.#mark(path, 'struct', 1, true)
        this.#bytes.push(value === null ? 0xff : 1)
        if (value === null) return
      }
      this.#struct(field.fields!, isStruct(value) ? value : {}, path)
    } else if (field.type === 'array') {
      const items = Array.isArray(value) ? value : []
      this.#length(path, 'array', value === null ? -1 : items.length, 4, isNullable, true)
      for (const item of items) this.#field(field.element!, item, `${path}[]`)
    } else if (field.type === 'string') {
      const text = value === null ? null : Buffer.from(String(value))
      this.#length(path, 'string', text?.length ?? -1, 2, isNullable, field.compact)
      for (const byte of text ?? []) this.#bytes.push(byte)
    } else if (field.type === 'bytes' || field.type === 'records') {
      const blob = value instanceof Uint8Array ? value : null
      this.#length(path, 'bytes', blob?.length ?? -1, 4, isNullable || field.type === 'records', true)
      for (const byte of blob ?? []) this.#bytes.push(byte)
    } else this.#scalar(field.type, value)
  }

  #scalar(type: ScalarType, value: Value): void {
    const bytes = Buffer.alloc(WIDTHS[type]!)
    if (type === 'uuid') bytes.set(Buffer.from(String(value), 'base64url').subarray(0, 16))
    else if (type === 'float64') bytes.writeDoubleBE(Number(value))
    else {
      const bits = BigInt(typeof value === 'bigint' ? value : Number(value))
      const wide = Buffer.alloc(8)
      wide.writeBigInt64BE(BigInt.asIntN(64, bits))
      bytes.set(wide.subarray(8 - bytes.length))
    }
    this.#bytes.push(...bytes)
  }

  #length(path: string, kind: Mark['kind'], length: number, width: 2 | 4, isNullable: boolean, compact: boolean): void {
    const isCompact = this.#isFlexible && compact
    const position = this.#bytes.length
    if (isCompact) this.#unsigned(length + 1)
    else this.#scalar(width === 2 ? 'int16' : 'int32', length)
    this.marks.push({ path, kind, position, size: this.#bytes.length - position, isNullable, isCompact })
  }

  #mark(path: string, kind: Mark['kind'], size: number, isNullable: boolean): void {
    this.marks.push({ path, kind, position: this.#bytes.length, size, isNullable, isCompact: this.#isFlexible })
  }

  #unsigned(value: number): void {
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.#bytes.push((rest & 0x7f) | 0x80)
    this.#bytes.push(rest)
  }
}

export function isIn(field: Field, version: number): boolean {
  return version >= field.since && version <= field.until
}

export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

export function isStruct(value: Value): value is { [name: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}
