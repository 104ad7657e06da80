// Records of the metadata log that bracket others, which take effect together or not at all (KIP-868), and the one
// that only moves the offset.

import { type Infer, record, string, versions } from '../../schema.ts'

export const BeginTransactionRecord = record('BeginTransactionRecord', 23, versions(0, 0, { flexible: 0 }), {
  name: string({ nullable: true, tag: 0, default: null }),
})
export type BeginTransactionRecord = Infer<typeof BeginTransactionRecord>

export const EndTransactionRecord = record('EndTransactionRecord', 24, versions(0, 0, { flexible: 0 }), {})
export type EndTransactionRecord = Infer<typeof EndTransactionRecord>

export const AbortTransactionRecord = record('AbortTransactionRecord', 25, versions(0, 0, { flexible: 0 }), {
  reason: string({ nullable: true, tag: 0, default: null }),
})
export type AbortTransactionRecord = Infer<typeof AbortTransactionRecord>

export const NoOpRecord = record('NoOpRecord', 20, versions(0, 0, { flexible: 0 }), {})
export type NoOpRecord = Infer<typeof NoOpRecord>
