// The records of `__consumer_offsets` as the state machine sees them, and their bytes: a key that begins with the type
// (int16), a value that begins with its version. Written at the versions that Kafka 4.4 writes: GroupMetadataValue 3,
// OffsetCommitValue 4 (1 where the client gave a retention, which later versions have no field for, 3 where the topic
// has no id).
//
//   type  0, 1  an offset of a group          3 … 8, 16   consumer groups (KIP-848)
//         2     a classic group              10 … 15      share groups (KIP-932)
//                                            17 … 23      streams groups (KIP-1071)

import type { LogFields } from '../../../../host/host.ts'
import { MalformedRequest } from '../../../../protocol/errors.ts'
import { GroupMetadataKey, GroupMetadataValue } from '../../../../protocol/messages/group-state/classic-groups.ts'
import { groupRecords } from '../../../../protocol/messages/group-state/group-records.ts'
import {
  LegacyOffsetCommitKey,
  LegacyOffsetCommitValue,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../../../protocol/messages/group-state/offsets.ts'
import { ZERO_UUID } from '../../../../protocol/wire.ts'
import type { RecordFormat } from '../../runtime/state-machine.ts'

export interface OffsetRecord {
  readonly kind: 'offset'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  /** null: the offset is deleted. */
  readonly value: OffsetCommitValue | null
}

export interface GroupMetadataRecord {
  readonly kind: 'group'
  readonly groupId: string
  /** null: the group is deleted. */
  readonly value: GroupMetadataValue | null
}

/** The records of KIP-848 groups, decoded, told apart by `type`. */
export type ConsumerRecord = Extract<(typeof groupRecords)['record'], { type: `ConsumerGroup${string}` }> & {
  readonly kind: 'consumer'
}

/** The records of share groups (KIP-932), likewise. */
export type ShareGroupRecord = Extract<(typeof groupRecords)['record'], { type: `ShareGroup${string}` }> & {
  readonly kind: 'share'
}

/** The records of streams groups (KIP-1071), likewise. */
export type StreamsRecord = Extract<(typeof groupRecords)['record'], { type: `StreamsGroup${string}` }> & {
  readonly kind: 'streams'
}

type ModernRecord = ConsumerRecord | ShareGroupRecord | StreamsRecord
type ModernRecordOf<Type extends ModernRecord['type']> = Extract<ModernRecord, { type: Type }>

export type GroupRecord = OffsetRecord | GroupMetadataRecord | ModernRecord

const GROUP_METADATA_VERSION = 3

export const groupRecordFormat: RecordFormat<GroupRecord> = {
  baseSequence: 0,

  encode(record) {
    if (isModern(record)) return groupRecords.encode(record)
    if (record.kind === 'group') {
      const key = withPrefix(GroupMetadataKey.apiKey, GroupMetadataKey.encodeBytes({ group: record.groupId }, 0))
      if (record.value === null) return { key, value: null }
      const value = GroupMetadataValue.encodeBytes(record.value, GROUP_METADATA_VERSION)
      return { key, value: withPrefix(GROUP_METADATA_VERSION, value) }
    }
    const { groupId, topic, partition } = record
    const key = withPrefix(OffsetCommitKey.apiKey, OffsetCommitKey.encodeBytes({ group: groupId, topic, partition }, 0))
    if (record.value === null) return { key, value: null }
    const version = offsetCommitVersion(record.value)
    return { key, value: withPrefix(version, OffsetCommitValue.encodeBytes(record.value, version)) }
  },

  decode(key, value) {
    const type = prefixOf(key)
    if (type === GroupMetadataKey.apiKey) {
      const { group } = GroupMetadataKey.decode(key.subarray(PREFIX_SIZE), 0)
      return { kind: 'group', groupId: group, value: value === null ? null : decodeValue(GroupMetadataValue, value) }
    }
    if (type === OffsetCommitKey.apiKey) {
      const { group, topic, partition } = OffsetCommitKey.decode(key.subarray(PREFIX_SIZE), 0)
      const offset = value === null ? null : decodeValue(OffsetCommitValue, value)
      return { kind: 'offset', groupId: group, topic, partition, value: offset }
    }
    if (type === LegacyOffsetCommitKey.apiKey) return decodeLegacyOffset(key, value)
    return decodeModern(key, value)
  },

  describe(key): LogFields {
    return { type: key.length < PREFIX_SIZE ? 'none' : prefixOf(key) }
  },
}

export function groupTombstone(groupId: string): GroupMetadataRecord {
  return { kind: 'group', groupId, value: null }
}

export function offsetTombstone(groupId: string, topic: string, partition: number): OffsetRecord {
  return { kind: 'offset', groupId, topic, partition, value: null }
}

/** A record of the three newer kinds as Kafka 4.4 writes it; null: its tombstone. */
export function modernRecord<Type extends ModernRecord['type']>(
  type: Type,
  key: ModernRecordOf<Type>['key'],
  value: ModernRecordOf<Type>['value'],
): ModernRecordOf<Type> {
  // The compiler does not see that key and value belong to the type, which the signature has made sure of.
  const record = { type, version: value === null ? -1 : 0, key, value } as StateRecord
  return kindOf(record) as ModernRecordOf<Type>
}

const PREFIX_SIZE = 2

function withPrefix(prefix: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PREFIX_SIZE + body.length)
  bytes[0] = prefix >> 8
  bytes[1] = prefix
  bytes.set(body, PREFIX_SIZE)
  return bytes
}

function prefixOf(bytes: Uint8Array): number {
  if (bytes.length < PREFIX_SIZE) throw new MalformedRequest(`a record's key or value of ${bytes.length} bytes`)
  return ((bytes[0]! << 24) >> 16) | bytes[1]!
}

function decodeValue<T>(
  message: { supports(version: number): boolean; decode(bytes: Uint8Array, version: number): T },
  value: Uint8Array,
): T {
  const version = prefixOf(value)
  if (!message.supports(version)) throw new MalformedRequest(`a record of unknown version ${version}`)
  // The decoded value's byte fields are views; the memory under them is used again.
  return message.decode(new Uint8Array(value.subarray(PREFIX_SIZE)), version)
}

/** Byte fields of the decoded value are views; the memory under them is used again. */
function decodeModern(key: Uint8Array, value: Uint8Array | null): GroupRecord | null {
  const record = groupRecords.decode(key, value === null ? null : new Uint8Array(value))
  return record === undefined ? null : kindOf(record)
}

type StateRecord = (typeof groupRecords)['record']

function kindOf(record: StateRecord): GroupRecord | null {
  if (isOf('ConsumerGroup', record)) return { kind: 'consumer', ...record }
  if (isOf('ShareGroup', record)) return { kind: 'share', ...record }
  return isOf('StreamsGroup', record) ? { kind: 'streams', ...record } : null
}

function isOf<Prefix extends string>(
  prefix: Prefix,
  record: StateRecord,
): record is Extract<StateRecord, { type: `${Prefix}${string}` }> {
  return record.type.startsWith(prefix)
}

function isModern(record: GroupRecord): record is ModernRecord {
  return record.kind !== 'group' && record.kind !== 'offset'
}

function decodeLegacyOffset(key: Uint8Array, value: Uint8Array | null): OffsetRecord {
  const { group, topic, partition } = LegacyOffsetCommitKey.decode(key.subarray(PREFIX_SIZE), 0)
  if (value === null) return offsetTombstone(group, topic, partition)
  const { offset, metadata, commitTimestamp } = decodeValue(LegacyOffsetCommitValue, value)
  const current: OffsetCommitValue = {
    offset,
    leaderEpoch: -1,
    metadata,
    commitTimestamp,
    expireTimestamp: -1n,
    topicId: ZERO_UUID,
  }
  return { kind: 'offset', groupId: group, topic, partition, value: current }
}

function offsetCommitVersion(value: OffsetCommitValue): number {
  if (value.expireTimestamp !== -1n) return 1
  return value.topicId === ZERO_UUID ? 3 : 4
}
