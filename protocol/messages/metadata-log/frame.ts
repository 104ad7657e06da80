// A record of the metadata log, as it stands in the value of a log record (KIP-631):
//
//   uvarint 1 (version of the frame) | uvarint type | uvarint version | body
//
// A type or version that is not known here is fatal to Kafka: a node that skipped it would build another image than the
// others. So it is `MalformedRequest` here, and so are bytes after the body.

import { MalformedRequest } from '../../errors.ts'
import { Reader } from '../../reader.ts'
import type { Infer, Input, Message } from '../../schema.ts'
import { Writer } from '../../writer.ts'
import {
  BrokerRegistrationChangeRecord,
  FenceBrokerRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  UnfenceBrokerRecord,
  UnregisterBrokerRecord,
  UnregisterControllerRecord,
} from './brokers.ts'
import {
  ClientQuotaRecord,
  ConfigRecord,
  FeatureLevelRecord,
  ProducerIdsRecord,
  ZkMigrationStateRecord,
} from './configs.ts'
import {
  AccessControlEntryRecord,
  DelegationTokenRecord,
  RemoveAccessControlEntryRecord,
  RemoveDelegationTokenRecord,
  RemoveUserScramCredentialRecord,
  UserScramCredentialRecord,
} from './security.ts'
import { ClearElrRecord, PartitionChangeRecord, PartitionRecord, RemoveTopicRecord, TopicRecord } from './topics.ts'
import { AbortTransactionRecord, BeginTransactionRecord, EndTransactionRecord, NoOpRecord } from './transactions.ts'

/** In the order of their type ids. */
export const metadataRecords = {
  RegisterBrokerRecord,
  UnregisterBrokerRecord,
  TopicRecord,
  PartitionRecord,
  ConfigRecord,
  PartitionChangeRecord,
  FenceBrokerRecord,
  UnfenceBrokerRecord,
  RemoveTopicRecord,
  DelegationTokenRecord,
  UserScramCredentialRecord,
  FeatureLevelRecord,
  ClientQuotaRecord,
  ProducerIdsRecord,
  BrokerRegistrationChangeRecord,
  AccessControlEntryRecord,
  RemoveAccessControlEntryRecord,
  NoOpRecord,
  ZkMigrationStateRecord,
  RemoveUserScramCredentialRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
  AbortTransactionRecord,
  RemoveDelegationTokenRecord,
  RegisterControllerRecord,
  ClearElrRecord,
  UnregisterControllerRecord,
}

type Types = typeof metadataRecords
export type MetadataRecordType = keyof Types

/** What decoding yields: told apart by `type`, every field present. */
export type MetadataRecord = {
  [Type in MetadataRecordType]: { readonly type: Type; readonly version: number; readonly value: Infer<Types[Type]> }
}[MetadataRecordType]

/** What encoding takes: fields with a default may be missing. */
export type MetadataRecordInput = {
  [Type in MetadataRecordType]: { readonly type: Type; readonly version: number; readonly value: Input<Types[Type]> }
}[MetadataRecordType]

const FRAME_VERSION = 1

const byType: (Message | undefined)[] = []
for (const message of Object.values<Message>(metadataRecords)) byType[message.apiKey] = message

export function encodeMetadataRecord({ type, version, value }: MetadataRecordInput): Uint8Array {
  const message: Message = metadataRecords[type]
  const writer = new Writer()
  writer.uvarint(FRAME_VERSION)
  writer.uvarint(message.apiKey)
  writer.uvarint(version)
  message.encodeTo(writer, value, version)
  return writer.toBytes()
}

export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new Reader(bytes)
  const frameVersion = reader.uvarint()
  if (frameVersion !== FRAME_VERSION)
    throw new MalformedRequest(`metadata record in a frame of version ${frameVersion}`)
  const type = reader.uvarint()
  const version = reader.uvarint()
  const message = byType[type]
  if (message === undefined) throw new MalformedRequest(`metadata record of unknown type ${type}`)
  if (!message.supports(version)) throw new MalformedRequest(`${message.name} of unknown version ${version}`)
  const value = message.decode(reader, version)
  if (reader.remaining > 0) throw new MalformedRequest(`${reader.remaining} bytes after a ${message.name}`)
  // The table ties the name to the type; that the two agree is beyond what inference follows.
  return { type: message.name, version, value } as MetadataRecord
}
