// What a client may do with what it has described, as it is told on demand (KIP-430): a bit for each AclOperation, by
// its code. Without an authorizer, all that can be done.

import { ErrorCode } from '../../protocol/error-codes.ts'

const OPERATION = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

type Operation = keyof typeof OPERATION

function bits(...operations: readonly Operation[]): number {
  return operations.reduce((field, operation) => field | (1 << OPERATION[operation]), 0)
}

const CONFIGS = ['describeConfigs', 'alterConfigs'] as const

export const OPERATIONS_NOT_ASKED = -2147483648
export const TOPIC_OPERATIONS = bits('read', 'write', 'create', 'delete', 'alter', 'describe', ...CONFIGS)
export const CLUSTER_OPERATIONS = bits('create', 'alter', 'describe', 'clusterAction', 'idempotentWrite', ...CONFIGS)
const GROUP_OPERATIONS = bits('read', 'delete', 'describe', ...CONFIGS)

/** Of a group that cannot be described nothing is told. */
export function withGroupOperations<Group extends { readonly errorCode: number }>(
  groups: readonly Group[],
  isAsked: boolean,
): (Group & { readonly authorizedOperations?: number })[] {
  return groups.map((group) =>
    isAsked && group.errorCode === ErrorCode.NONE ? { ...group, authorizedOperations: GROUP_OPERATIONS } : group,
  )
}
