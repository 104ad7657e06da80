// What the declaration of a message says of one field: its type, and the versions that have it. schema.ts has the words
// in which it is said.

/** A tagged field (KIP-482) that the declaration does not know: kept, and written again in its place. */
export interface UnknownTaggedField {
  readonly tag: number
  readonly bytes: Uint8Array
}

export type Records = Uint8Array | readonly Uint8Array[]

export type ScalarType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

export interface Options<T> {
  /** First and last version that have the field; within a struct, the versions of the struct bound it further. */
  readonly since?: number
  readonly until?: number
  /** Null is legal: at every version of the field, or from this one on. */
  readonly nullable?: true | number
  /** Written among the tagged fields, and only when it differs from its default. */
  readonly tag?: number
  /** What stands for the field where a version lacks it; otherwise zero, empty, or a struct of defaults. */
  readonly default?: T | null
  /**
   * False for the one string that keeps its classic length in a flexible version: the client id of the request
   * header.
   */
  readonly compact?: false
}

/** `Out`, `In` and `Optional` exist for the compiler only. */
export class Field<Out = unknown, In = unknown, Optional = unknown> {
  declare readonly out: Out
  declare readonly in: In
  declare readonly optional: Optional
  readonly type: ScalarType | 'struct' | 'array'
  /** Of an array. */
  readonly element: Field | undefined
  /** Of a struct. */
  readonly fields: Fields | undefined
  readonly since: number
  readonly until: number
  /** First version in which null is legal; infinite when none. */
  readonly nullableSince: number
  readonly tag: number | undefined
  /** Undefined when the type's own zero applies. */
  readonly default: unknown
  readonly compact: boolean

  constructor(type: Field['type'], options: Options<unknown> = {}, element?: Field, fields?: Fields) {
    this.type = type
    this.element = element
    this.fields = fields
    this.since = options.since ?? 0
    this.until = options.until ?? Number.POSITIVE_INFINITY
    this.nullableSince = options.nullable === true ? 0 : (options.nullable ?? Number.POSITIVE_INFINITY)
    this.tag = options.tag
    this.default = options.default
    this.compact = options.compact ?? true
  }
}

export type Fields = { readonly [name: string]: Field }
