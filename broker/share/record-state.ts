// What becomes of a record that a share group was given (KIP-932), and how its members say so. Numbers are those of
// `__share_group_state` and of the requests.
//
//            acquire             accept
//   AVAILABLE ────▶ ACQUIRED ───────────────▶ ACKNOWLEDGED
//       ▲              │ │ reject, gap,
//       └──────────────┘ │ released too often
//     release, lock      ├──────────────────▶ ARCHIVED
//     timed out          └──▶ ARCHIVING ───────▶ ┘        with dead letters (KIP-1191): the copy is being written

export const AVAILABLE = 0
export const ACQUIRED = 1
export const ACKNOWLEDGED = 2
export const ARCHIVING = 3
export const ARCHIVED = 4

export type RecordState = typeof AVAILABLE | typeof ACQUIRED | typeof ACKNOWLEDGED | typeof ARCHIVING | typeof ARCHIVED

export const GAP = 0
export const ACCEPT = 1
export const RELEASE = 2
export const REJECT = 3
/** KIP-1222: the lock begins anew. */
export const RENEW = 4

/** Nothing becomes of it any more. */
export function isTerminal(state: RecordState): boolean {
  return state === ACKNOWLEDGED || state === ARCHIVED
}

export function isRecordState(state: number): state is RecordState {
  return state >= AVAILABLE && state <= ARCHIVED
}

/** A stretch of offsets in one state, as it is kept in `__share_group_state`. */
export interface StateBatch {
  readonly firstOffset: number
  readonly lastOffset: number
  readonly deliveryState: number
  readonly deliveryCount: number
}
