// Bodies of control records, which Kafka writes between the data: ends of transactions, and in the metadata log
// changes of leader, marks of snapshots and the voters. ControlRecordTypeSchema is the key that says which.

import { array, type Infer, int16, int32, int64, record, string, struct, uint16, uuid, versions } from '../schema.ts'

export const ControlRecordTypeSchema = record('ControlRecordTypeSchema', -1, versions(0, 0), {
  type: int16(),
})
export type ControlRecordTypeSchema = Infer<typeof ControlRecordTypeSchema>

export const EndTxnMarker = record('EndTxnMarker', -1, versions(0, 0), {
  coordinatorEpoch: int32(),
})
export type EndTxnMarker = Infer<typeof EndTxnMarker>

export const LeaderChangeMessageVoter = {
  voterId: int32(),
  voterDirectoryId: uuid({ since: 1 }),
}

export const LeaderChangeMessage = record('LeaderChangeMessage', -1, versions(0, 1, { flexible: 0 }), {
  version: int16(),
  leaderId: int32(),
  voters: array(LeaderChangeMessageVoter),
  grantingVoters: array(LeaderChangeMessageVoter),
})
export type LeaderChangeMessage = Infer<typeof LeaderChangeMessage>

export const SnapshotHeaderRecord = record('SnapshotHeaderRecord', -1, versions(0, 0, { flexible: 0 }), {
  version: int16(),
  lastContainedLogTimestamp: int64(),
})
export type SnapshotHeaderRecord = Infer<typeof SnapshotHeaderRecord>

export const SnapshotFooterRecord = record('SnapshotFooterRecord', -1, versions(0, 0, { flexible: 0 }), {
  version: int16(),
})
export type SnapshotFooterRecord = Infer<typeof SnapshotFooterRecord>

export const KRaftVersionRecord = record('KRaftVersionRecord', -1, versions(0, 0, { flexible: 0 }), {
  version: int16(),
  kraftVersion: int16(),
})
export type KRaftVersionRecord = Infer<typeof KRaftVersionRecord>

export const VotersVoter = {
  voterId: int32(),
  voterDirectoryId: uuid(),
  endpoints: array({
    name: string(),
    host: string(),
    port: uint16(),
  }),
  kraftVersionFeature: struct({ minSupportedVersion: int16(), maxSupportedVersion: int16() }),
}

export const VotersRecord = record('VotersRecord', -1, versions(0, 0, { flexible: 0 }), {
  version: int16(),
  voters: array(VotersVoter),
})
export type VotersRecord = Infer<typeof VotersRecord>
