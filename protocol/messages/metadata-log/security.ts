// Records of the metadata log about access control, SCRAM credentials and delegation tokens.

import { array, bytes, type Infer, int8, int32, int64, record, string, uuid, versions } from '../../schema.ts'

export const AccessControlEntryRecord = record('AccessControlEntryRecord', 18, versions(0, 0, { flexible: 0 }), {
  id: uuid(),
  resourceType: int8(),
  resourceName: string(),
  patternType: int8(),
  principal: string(),
  host: string(),
  operation: int8(),
  permissionType: int8(),
})
export type AccessControlEntryRecord = Infer<typeof AccessControlEntryRecord>

export const RemoveAccessControlEntryRecord = record(
  'RemoveAccessControlEntryRecord',
  19,
  versions(0, 0, { flexible: 0 }),
  {
    id: uuid(),
  },
)
export type RemoveAccessControlEntryRecord = Infer<typeof RemoveAccessControlEntryRecord>

export const UserScramCredentialRecord = record('UserScramCredentialRecord', 11, versions(0, 0, { flexible: 0 }), {
  name: string(),
  mechanism: int8(),
  salt: bytes(),
  storedKey: bytes(),
  serverKey: bytes(),
  iterations: int32(),
})
export type UserScramCredentialRecord = Infer<typeof UserScramCredentialRecord>

export const RemoveUserScramCredentialRecord = record(
  'RemoveUserScramCredentialRecord',
  22,
  versions(0, 0, { flexible: 0 }),
  {
    name: string(),
    mechanism: int8(),
  },
)
export type RemoveUserScramCredentialRecord = Infer<typeof RemoveUserScramCredentialRecord>

export const DelegationTokenRecord = record('DelegationTokenRecord', 10, versions(0, 0, { flexible: 0 }), {
  owner: string(),
  requester: string(),
  renewers: array(string()),
  issueTimestamp: int64(),
  maxTimestamp: int64(),
  expirationTimestamp: int64(),
  tokenId: string(),
})
export type DelegationTokenRecord = Infer<typeof DelegationTokenRecord>

export const RemoveDelegationTokenRecord = record('RemoveDelegationTokenRecord', 26, versions(0, 0, { flexible: 0 }), {
  tokenId: string(),
})
export type RemoveDelegationTokenRecord = Infer<typeof RemoveDelegationTokenRecord>
