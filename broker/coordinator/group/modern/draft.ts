// What a heartbeat is about to change, while it is decided: records, and what to do when they are in the log.

import type { GroupRecord } from '../model/group-records.ts'

/** What is not in the log changes only when the records are. */
export interface Draft {
  readonly records: GroupRecord[]
  readonly whenApplied: (() => void)[]
}

/** The records are in the log. */
export function runAll({ whenApplied }: Draft): void {
  for (const run of whenApplied) run()
}
