// What a new cluster begins with: what Kafka 4.4's storage tool and its first controller write. A metadata log that is
// not empty is taken as it is.

import { isControl, viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import { FEATURES, PRODUCTION_METADATA_VERSION } from '../metadata/features.ts'
import { RESOURCE } from '../metadata/image.ts'
import { decodeRecord, type MetadataRecord, newRecord } from '../metadata/records.ts'

/** Finalised feature levels of a new cluster. */
export function featureRecords(): MetadataRecord[] {
  const version = PRODUCTION_METADATA_VERSION
  const make = (name: string, featureLevel: number) => newRecord('FeatureLevelRecord', version, { name, featureLevel })
  // kraft.version stands in control records of the log, not among the features.
  const others = FEATURES.filter(({ name }) => name !== 'metadata.version' && name !== 'kraft.version')
  return [make('metadata.version', version), ...others.map(({ name, max }) => make(name, max))]
}

/**
 * What the first controller writes, from what the storage tool left (null: nothing). All or nothing, and so a metadata
 * transaction: a cluster never runs with half of its features.
 */
export function bootstrapRecords(formatted: Uint8Array | null): MetadataRecord[] {
  const version = PRODUCTION_METADATA_VERSION
  const given = formatted === null ? [] : snapshotRecords(formatted)
  return [
    newRecord('BeginTransactionRecord', version, { name: 'Bootstrap records' }),
    ...(given.length > 0 ? given : featureRecords()),
    // Eligible leader replicas need one value for the whole cluster.
    newRecord('ConfigRecord', version, {
      resourceType: RESOURCE.broker,
      resourceName: '',
      name: 'min.insync.replicas',
      value: '1',
    }),
    newRecord('EndTransactionRecord', version, {}),
  ]
}

function snapshotRecords(bytes: Uint8Array): MetadataRecord[] {
  const view = viewOf(bytes)
  const cursor = new BatchCursor()
  const records: MetadataRecord[] = []
  cursor.reset(bytes, view, 0, bytes.length)
  while (cursor.next()) {
    if (isControl(view, cursor.position)) continue
    for (const { value } of readBatch(bytes, view, cursor.position))
      if (value !== null) records.push(decodeRecord(value))
  }
  return records
}
