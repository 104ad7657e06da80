// How requests of fetch sessions (KIP-227) and of share sessions (KIP-932) are numbered: from 1 on, and from 1 again
// after the last. Source: FetchMetadata, ShareRequestMetadata.

/** Opens a session. */
export const INITIAL_EPOCH = 0
/** Ends it. */
export const FINAL_EPOCH = -1
export const MAX_EPOCH = 2_147_483_647

export function nextEpoch(epoch: number): number {
  return epoch === MAX_EPOCH ? 1 : epoch + 1
}
