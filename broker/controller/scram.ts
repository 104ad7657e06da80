// SCRAM credentials of users (KIP-554): kept in the metadata log as what a server must know, which is not the password.
// Source: ScramControlManager.

import { createHash, createHmac } from 'node:crypto'
import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { scramKey } from '../metadata/kept.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { type ControllerState, type Decision, type Fault, fault, NO_FAULT, recordMaker } from './decision.ts'

type Request = RequestOf<'AlterUserScramCredentials'>
type Answer = ResponseInputOf<'AlterUserScramCredentials'>
type Upsertion = Request['upsertions'][number]

/** Digest of each mechanism, by its number. */
const DIGESTS: Readonly<Record<number, string>> = { 1: 'sha256', 2: 'sha512' }
const MIN_ITERATIONS = 4096
const MAX_ITERATIONS = 16_384

const TWICE = fault(ErrorCode.DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request')

export function alterScramCredentials(state: ControllerState, request: Request): Decision<Answer> {
  const { deletions, upsertions } = request
  const make = recordMaker(state.image)
  const records = new Map<string, MetadataRecord>()
  const results = new Map<string, Fault>()
  // What was wrong with a user first stands; one that was right is not altered when it is named again.
  const decide = (name: string, faultOf: () => Fault | null, record: () => MetadataRecord) => {
    const earlier = results.get(name)
    if (earlier !== undefined && earlier !== NO_FAULT) return
    const wrong = earlier === undefined ? faultOf() : TWICE
    results.set(name, wrong ?? NO_FAULT)
    if (wrong === null) records.set(name, record())
    else records.delete(name)
  }
  for (const { name, mechanism } of deletions) {
    const record = () => make('RemoveUserScramCredentialRecord', { name, mechanism })
    decide(name, () => deletionFault(state, name, mechanism), record)
  }
  for (const upsertion of upsertions) {
    const { name, mechanism, salt, iterations } = upsertion
    const record = () => make('UserScramCredentialRecord', { name, mechanism, salt, iterations, ...keysOf(upsertion) })
    decide(name, () => upsertionFault(upsertion), record)
  }
  const answer = { throttleTimeMs: 0, results: Array.from(results, ([user, one]) => ({ user, ...one })) }
  return { records: [...records.values()], answer }
}

function nameFault(name: string, mechanism: number): Fault | null {
  if (name === '') return fault(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty')
  if (DIGESTS[mechanism] === undefined) {
    return fault(ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism')
  }
  return null
}

function deletionFault({ image }: ControllerState, name: string, mechanism: number): Fault | null {
  const wrong = nameFault(name, mechanism)
  if (wrong !== null || image.kept.has(scramKey(mechanism, name))) return wrong
  return fault(ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist')
}

function upsertionFault({ name, mechanism, iterations }: Upsertion): Fault | null {
  const wrong = nameFault(name, mechanism)
  if (wrong !== null) return wrong
  if (iterations < MIN_ITERATIONS) return fault(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too few iterations')
  if (iterations > MAX_ITERATIONS) return fault(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too many iterations')
  return null
}

/** RFC 5802: the stored key is the hash of the client key, and both keys are made of the salted password. */
function keysOf({ mechanism, saltedPassword }: Upsertion) {
  const digest = DIGESTS[mechanism] ?? ''
  const keyed = (text: string) => createHmac(digest, saltedPassword).update(text).digest()
  return { storedKey: createHash(digest).update(keyed('Client Key')).digest(), serverKey: keyed('Server Key') }
}
