// Records of the metadata log as this broker handles them: decoded beside their bytes, in the version that the
// cluster's metadata.version asks for. A type or version that is not known here is kept as bytes and reported, so that
// a snapshot loses nothing that another release wrote. (Kafka refuses to start on one.)

import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord as FramedRecord,
  type MetadataRecordInput,
  type MetadataRecordType,
  metadataRecords,
} from '../../protocol/messages/metadata-log/frame.ts'
import { Reader } from '../../protocol/reader.ts'
import type { Input, Message } from '../../protocol/schema.ts'

export interface UnknownRecord {
  readonly type: 'unknown'
  readonly apiKey: number
  readonly version: number
  readonly bytes: Uint8Array
}

/** `bytes`: the record with its frame, as it stands in the log. */
export type KnownRecord = FramedRecord & { readonly bytes: Uint8Array }
export type MetadataRecord = KnownRecord | UnknownRecord

type InputOf<Type extends MetadataRecordType> = Input<(typeof metadataRecords)[Type]>
type Since = readonly (readonly [metadataVersion: number, recordVersion: number])[]

/** From which level of metadata.version on a type is written in which version. Source: MetadataVersion. */
const WRITTEN: { readonly [Type in MetadataRecordType]?: Since } = {
  RegisterBrokerRecord: [
    [7, 1],
    [8, 2],
    [17, 3],
    [30, 4],
  ],
  BrokerRegistrationChangeRecord: [
    [7, 1],
    [17, 2],
    [30, 3],
  ],
  PartitionRecord: [
    [17, 1],
    [23, 2],
  ],
  PartitionChangeRecord: [
    [17, 1],
    [23, 2],
  ],
}

function recordVersion(type: MetadataRecordType, metadataVersion: number): number {
  let version = 0
  for (const [level, since] of WRITTEN[type] ?? []) if (metadataVersion >= level) version = since
  return version
}

/** A record to be appended. What it holds is what a reader of its bytes will see. */
export function newRecord<Type extends MetadataRecordType>(
  type: Type,
  metadataVersion: number,
  value: InputOf<Type>,
): MetadataRecord {
  // The table ties the type to its fields; that the triple is one of the union is beyond what inference follows.
  const record = { type, version: recordVersion(type, metadataVersion), value } as MetadataRecordInput
  return decodeRecord(encodeMetadataRecord(record))
}

const messages = new Map<number, Message>(Object.values<Message>(metadataRecords).map((one) => [one.apiKey, one]))

/** @throws {MalformedRequest} when the bytes are not a framed record. */
export function decodeRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new Reader(bytes)
  reader.uvarint()
  const apiKey = reader.uvarint()
  const version = reader.uvarint()
  if (!(messages.get(apiKey)?.supports(version) ?? false)) return { type: 'unknown', apiKey, version, bytes }
  return { ...decodeMetadataRecord(bytes), bytes }
}
