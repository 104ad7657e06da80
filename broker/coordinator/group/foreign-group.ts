// A group of a kind that this release does not coordinate, found in a log that Apache Kafka wrote. Its records stay as
// they are, its offsets are served, and it appears in lists. No member of it can be alive, for there is no API here by
// which it could send a heartbeat.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import type { Group, Refusal } from './group.ts'
import type { GroupOutcome } from './group-machine.ts'
import type { ForeignRecord } from './group-records.ts'
import type { CommitRequest } from './offset-commit.ts'

export type ForeignGroupType = 'consumer' | 'share' | 'streams'

/** By record type. */
export const FOREIGN_TYPES: Readonly<Record<number, ForeignGroupType>> = {
  3: 'consumer',
  4: 'consumer',
  5: 'consumer',
  6: 'consumer',
  7: 'consumer',
  8: 'consumer',
  10: 'share',
  11: 'share',
  12: 'share',
  13: 'share',
  14: 'share',
  15: 'share',
  16: 'consumer',
  17: 'streams',
  19: 'streams',
  20: 'streams',
  21: 'streams',
  22: 'streams',
  23: 'streams',
}

/** The record that makes the group exist, by which every other of it is bound. */
const GROUP_RECORD_TYPES: Readonly<Record<ForeignGroupType, number>> = { consumer: 3, share: 11, streams: 17 }

export class ForeignGroup implements Group {
  readonly groupId: string
  readonly type: ForeignGroupType
  /** Keys of the records that stand in the log, with their types, by the key's bytes as text. */
  readonly #records = new Map<string, ForeignRecord>()

  constructor(groupId: string, type: ForeignGroupType) {
    this.groupId = groupId
    this.type = type
  }

  readonly stateName = 'Empty'

  get listedProtocolType(): string {
    return this.type
  }

  /** Its state lives in another topic too, which nobody here would clean: it stays. */
  readonly isEmpty = false

  isSubscribedTo(): boolean {
    return false
  }

  requestMetadataRefresh(): void {}

  commitError({ generationId, memberId }: CommitRequest): number {
    return generationId < 0 && memberId === '' ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
  }

  commitCheck(): null {
    return null
  }

  fetchError(): number {
    return ErrorCode.NONE
  }

  onCommit(): void {}

  retainedSince(): number | null {
    return null
  }

  deleteError(): Refusal | null {
    return {
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: `This broker does not coordinate ${this.type} groups.`,
    }
  }

  deleteOffsetsError(): number {
    return ErrorCode.NONE
  }

  resume(): GroupOutcome {
    return NOTHING
  }

  forgetTimers(): void {}

  get isGone(): boolean {
    return this.#records.size === 0
  }

  replay(record: ForeignRecord): void {
    const key = Buffer.from(record.key).toString('latin1')
    if (record.value === null) this.#records.delete(key)
    else this.#records.set(key, { ...record, value: null })
  }

  /** What deletes the group: members' records first, the group's own last, as Kafka's replay wants it. */
  tombstones(): ForeignRecord[] {
    const last = GROUP_RECORD_TYPES[this.type]
    const rank = ({ recordType }: ForeignRecord): number => (recordType === last ? -1 : recordType)
    return [...this.#records.values()].sort((a, b) => rank(b) - rank(a))
  }
}
