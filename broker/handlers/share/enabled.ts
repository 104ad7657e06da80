// Share groups are served as long as the cluster's share.version says so: at level 0 they are not.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { fault } from '../../controller/decision.ts'
import type { Services } from '../../services.ts'

/** For answers that have words for it. */
export const NO_SHARE_GROUPS = fault(ErrorCode.UNSUPPORTED_VERSION, 'share.version is 0: there are no share groups.')

export function hasShareGroups({ metadata }: Services): boolean {
  return (metadata.image.features.get('share.version') ?? 0) > 0
}
