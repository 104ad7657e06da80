// DescribeAcls (29), CreateAcls (30), DeleteAcls (31), v1–3. KIP-140, KIP-290 (prefixes). Without an authorizer there
// is nothing to describe or change, and all three say so. ACLs that a directory has are kept, and go into its
// snapshots.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { fault } from '../../controller/decision.ts'
import { handler } from '../handler.ts'

const DISABLED = fault(ErrorCode.SECURITY_DISABLED, 'No Authorizer is configured.')

export const describeAcls = handler('DescribeAcls', () => ({ ...DISABLED, resources: [] }))

export const createAcls = handler('CreateAcls', (_services, { creations }) => ({
  results: creations.map(() => DISABLED),
}))

export const deleteAcls = handler('DeleteAcls', (_services, { filters }) => ({
  filterResults: filters.map(() => ({ ...DISABLED, matchingAcls: [] })),
}))
