// The records of coordinators, as they stand in their logs:
//
//   key    int16 type | body of the key, always version 0
//   value  int16 version | body of the value, or no value at all: a tombstone
//
// A type that is not known here is skipped, as Kafka does, so that a log survives a step back to an older broker; an
// unknown version of a known type is `MalformedRequest`.

import { MalformedRequest } from '../errors.ts'
import { Reader } from '../reader.ts'
import type { Infer, Input, Message } from '../schema.ts'
import { Writer } from '../writer.ts'

type Types = { readonly [type: string]: readonly [key: Message, value: Message] }

export interface EncodedRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** Told apart by `type`; a tombstone has the value null and the version -1. */
type RecordOf<T extends Types> = {
  [Type in keyof T]: {
    readonly type: Type
    readonly version: number
    readonly key: Infer<T[Type][0]>
    readonly value: Infer<T[Type][1]> | null
  }
}[keyof T]

type RecordInputOf<T extends Types> = {
  [Type in keyof T]:
    | {
        readonly type: Type
        readonly version: number
        readonly key: Input<T[Type][0]>
        readonly value: Input<T[Type][1]>
      }
    | { readonly type: Type; readonly key: Input<T[Type][0]>; readonly value: null; readonly version?: -1 }
}[keyof T]

export class CoordinatorRecords<T extends Types> {
  declare readonly record: RecordOf<T>
  declare readonly input: RecordInputOf<T>
  readonly types: T
  readonly #names: (string | undefined)[] = []

  constructor(types: T) {
    this.types = types
    for (const [name, [key]] of Object.entries(types)) this.#names[key.apiKey] = name
  }

  encode(record: RecordInputOf<T> | RecordOf<T>): EncodedRecord {
    const [keyMessage, valueMessage] = this.types[record.type]!
    const { value, version = -1 } = record
    const key = framed(keyMessage.apiKey, keyMessage, record.key, 0)
    return { key, value: value === null ? null : framed(version, valueMessage, value, version) }
  }

  /** Undefined for a record of a type that is not known here. */
  decode(key: Uint8Array, value: Uint8Array | null): RecordOf<T> | undefined {
    const keyReader = new Reader(key)
    const type = this.#names[keyReader.int16()]
    if (type === undefined) return undefined
    const [keyMessage, valueMessage] = this.types[type]!
    const decodedKey = keyMessage.decode(keyReader, 0)
    if (value === null) return { type, version: -1, key: decodedKey, value: null } as RecordOf<T>
    const reader = new Reader(value)
    const version = reader.int16()
    if (!valueMessage.supports(version))
      throw new MalformedRequest(`${valueMessage.name} of unknown version ${version}`)
    const decodedValue = valueMessage.decode(reader, version)
    return { type, version, key: decodedKey, value: decodedValue } as RecordOf<T>
  }
}

function framed(prefix: number, message: Message, value: Input<Message>, version: number): Uint8Array {
  const writer = new Writer()
  writer.int16(prefix)
  message.encodeTo(writer, value, version)
  return writer.toBytes()
}
