// The words in which messages are declared, and the types that follow from them.
//
// A struct is an object literal of fields in wire order. Versions are attributes of fields, so one declaration covers
// every version of a message, and one object shape serves all of them: a field that a version lacks decodes to its
// default and is left out when encoded. codec.ts turns (message, version) into straight-line functions on first use;
// what is built here at load time is plain objects only. What a declaration says of a field is field.ts's to tell.
//
//   export const HeartbeatRequest = request('Heartbeat', 12, versions(0, 4, { flexible: 4 }), {
//     groupId: string(),
//     groupInstanceId: string({ since: 3, nullable: true, default: null }),
//   })
//   export type HeartbeatRequest = Infer<typeof HeartbeatRequest>

import { compileDecoder, compileEncoder, type Decoder, type Encoder } from './codec.ts'
import { MalformedRequest } from './errors.ts'
import { Field, type Fields, type Options, type Records, type ScalarType, type UnknownTaggedField } from './field.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

type OrNull<T, O> = O extends { readonly nullable: true | number } ? T | null : T

/** Whether an encoder may be given an object without the field. */
type MayLack<O> = O extends
  | { readonly default: unknown }
  | { readonly tag: number }
  | { readonly since: number }
  | { readonly until: number }
  ? true
  : false

type FieldOf<Out, In, O> = Field<OrNull<Out, O>, OrNull<In, O>, MayLack<O>>

type Struct<F extends Fields> = { -readonly [K in keyof F]: F[K]['out'] } & {
  unknownTaggedFields?: UnknownTaggedField[]
}

type StructInput<F extends Fields> = {
  readonly [K in keyof F as F[K]['optional'] extends true ? never : K]: F[K]['in']
} & {
  readonly [K in keyof F as F[K]['optional'] extends true ? K : never]?: F[K]['in']
} & { readonly unknownTaggedFields?: readonly UnknownTaggedField[] }

/** What decoding yields: every field present. */
export type Infer<T> = T extends Message<infer F> ? Struct<F> : T extends Fields ? Struct<T> : never

/** What encoding takes: a field may be missing when it has a default, has a tag, or is not in every version. */
export type Input<T> = T extends Message<infer F> ? StructInput<F> : T extends Fields ? StructInput<T> : never

function scalar<Out, In = Out>(type: ScalarType) {
  return <const O extends Options<Out> = Options<never>>(options?: O): FieldOf<Out, In, O> => new Field(type, options)
}

export const bool = scalar<boolean>('bool')
export const int8 = scalar<number>('int8')
export const int16 = scalar<number>('int16')
export const uint16 = scalar<number>('uint16')
export const int32 = scalar<number>('int32')
export const uint32 = scalar<number>('uint32')
export const int64 = scalar<bigint>('int64')
/** An int64 that is encoded from a number too, as which the broker keeps offsets and times: no bigint is made of it. */
export const int64OrNumber = scalar<bigint, bigint | number>('int64')
export const float64 = scalar<number>('float64')
export const string = scalar<string>('string')
/** 22 characters of unpadded base64url. */
export const uuid = scalar<string>('uuid')
/** A view into the decoded bytes, not a copy. */
export const bytes = scalar<Uint8Array>('bytes')
/** Record batches, opaque: a view when decoded, taken by reference when encoded. */
export const records = scalar<Uint8Array, Records>('records')

export function struct<F extends Fields, const O extends Options<null> = Options<never>>(
  fields: F,
  options?: O,
): FieldOf<Struct<F>, StructInput<F>, O> {
  return new Field('struct', options, undefined, fields)
}

type ElementOut<E> = E extends Field ? E['out'] : E extends Fields ? Struct<E> : never
type ElementIn<E> = E extends Field ? E['in'] : E extends Fields ? StructInput<E> : never

/** An array of scalars, or of the struct whose fields are given. */
export function array<E extends Field | Fields, const O extends Options<null> = Options<never>>(
  element: E,
  options?: O,
): FieldOf<ElementOut<E>[], readonly ElementIn<E>[], O> {
  return new Field('array', options, element instanceof Field ? element : struct(element))
}

export interface Versions {
  readonly min: number
  readonly max: number
  /** First flexible version (KIP-482: compact lengths, tagged fields); infinite when none is. */
  readonly flexible: number
}

export function versions(min: number, max: number, options?: { readonly flexible: number }): Versions {
  return { min, max, flexible: options?.flexible ?? Number.POSITIVE_INFINITY }
}

export type MessageKind = 'request' | 'response' | 'header' | 'record'

export class Message<F extends Fields = Fields> {
  readonly name: string
  readonly kind: MessageKind
  /** The API's key, or the record's type id; -1 for what has none. */
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
  readonly flexibleSince: number
  readonly fields: F
  readonly #decoders: (Decoder | undefined)[] = []
  readonly #encoders: (Encoder | undefined)[] = []
  /** Size of the last encoded message, which the next one is likely to be near to. */
  #sizeHint = 64

  constructor(name: string, kind: MessageKind, apiKey: number, { min, max, flexible }: Versions, fields: F) {
    this.name = name
    this.kind = kind
    this.apiKey = apiKey
    this.minVersion = min
    this.maxVersion = max
    this.flexibleSince = flexible
    this.fields = fields
  }

  supports(version: number): boolean {
    return version >= this.minVersion && version <= this.maxVersion
  }

  /**
   * Reads one message from the start of the bytes, or from where the reader stands. Bytes after it are left alone, as
   * Kafka does. Byte fields and records of the result are views into the given bytes.
   * @throws {MalformedRequest} and nothing else, for any bytes; the version must be one of the message's.
   */
  decode(from: Uint8Array | Reader, version: number): Struct<F> {
    const decoder = this.#decoders[version] ?? this.#decoder(version)
    const reader = from instanceof Reader ? from : new Reader(from)
    try {
      return decoder(reader) as Struct<F>
    } catch (error) {
      if (error instanceof MalformedRequest) error.message = `${this.name} v${version}: ${error.message}`
      throw error
    }
  }

  encodeTo(writer: Writer, value: StructInput<F>, version: number): void {
    const encoder = this.#encoders[version] ?? this.#encoder(version)
    encoder(writer, value)
  }

  /** The message as chunks to be written one after the other; records are in it by reference. */
  encode(value: StructInput<F>, version: number): Uint8Array[] {
    return this.#write(value, version).finish()
  }

  /** The message in one piece. */
  encodeBytes(value: StructInput<F>, version: number): Uint8Array {
    return this.#write(value, version).toBytes()
  }

  #write(value: StructInput<F>, version: number): Writer {
    const writer = new Writer(this.#sizeHint)
    this.encodeTo(writer, value, version)
    this.#sizeHint = Math.min(Math.max(writer.ownSize, 64), MAX_SIZE_HINT)
    return writer
  }

  #decoder(version: number): Decoder {
    this.#checkVersion(version)
    const decoder = compileDecoder(this, version)
    this.#decoders[version] = decoder
    return decoder
  }

  #encoder(version: number): Encoder {
    this.#checkVersion(version)
    const encoder = compileEncoder(this, version)
    this.#encoders[version] = encoder
    return encoder
  }

  #checkVersion(version: number): void {
    if (this.supports(version)) return
    throw new RangeError(`${this.name} has versions ${this.minVersion} to ${this.maxVersion}, not ${version}`)
  }
}

/** One huge answer must not make all later ones allocate as much. */
const MAX_SIZE_HINT = 16 * 1024

export function request<F extends Fields>(api: string, apiKey: number, of: Versions, fields: F): Message<F> {
  return new Message(`${api}Request`, 'request', apiKey, of, fields)
}

export function response<F extends Fields>(api: string, apiKey: number, of: Versions, fields: F): Message<F> {
  return new Message(`${api}Response`, 'response', apiKey, of, fields)
}

export function header<F extends Fields>(name: string, of: Versions, fields: F): Message<F> {
  return new Message(name, 'header', -1, of, fields)
}

/** What is kept in logs and files; `type` is the id that stands before it in a log of several types. */
export function record<F extends Fields>(name: string, type: number, of: Versions, fields: F): Message<F> {
  return new Message(name, 'record', type, of, fields)
}
