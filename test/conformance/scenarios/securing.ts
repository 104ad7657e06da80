// What is kept for security: SCRAM credentials; ACLs, which a broker without an authorizer refuses.

import { type Scenario, type Session, versionsOf } from '../session.ts'

const SHA_256 = 1
const SHA_512 = 2
const salt = Buffer.from('c2FsdA', 'base64url')
const saltedPassword = Buffer.alloc(32, 7)

async function scram(s: Session): Promise<void> {
  const describe = (label: string, users: string[] | null) =>
    s.ask(label, 'DescribeUserScramCredentials', 0, { users: users?.map((name) => ({ name })) ?? null })
  type Upsertion = [name: string, mechanism?: number, iterations?: number]
  const alter = (label: string, upsertions: Upsertion[], deletions: [string, number][] = []) =>
    s.ask(label, 'AlterUserScramCredentials', 0, {
      deletions: deletions.map(([name, mechanism]) => ({ name, mechanism })),
      upsertions: upsertions.map(([name, mechanism = SHA_256, iterations = 4096]) => ({
        ...{ name, mechanism, iterations, salt, saltedPassword },
      })),
    })
  await describe('all of none', null)
  await alter('a user', [['scram-a']])
  await alter('the same of another mechanism', [['scram-a', SHA_512, 8192]])
  await alter('a user changed', [['scram-a', SHA_256, 5000]])
  await alter('another user', [['scram-b']])
  await alter('too few iterations', [['scram-c', SHA_256, 4095]])
  await alter('too many iterations', [['scram-c', SHA_256, 16385]])
  await alter('an unknown mechanism', [['scram-c', 9]])
  await alter('mechanism 0', [['scram-c', 0]])
  await alter('an empty name', [['']])
  await alter('a user twice', [['scram-c'], ['scram-c', SHA_512]])
  await alter('a user thrice', [['scram-c'], ['scram-c', SHA_512], ['scram-c']])
  await alter('a user deleted that there is none of', [], [['scram-c', SHA_256]])
  await alter('a mechanism deleted that there is none of', [], [['scram-b', SHA_512]])
  await alter('deleted and set', [['scram-b']], [['scram-b', SHA_256]])
  await alter(
    'a deletion twice',
    [],
    [
      ['scram-b', SHA_256],
      ['scram-b', SHA_256],
    ],
  )
  await alter('a deletion of an unknown mechanism', [], [['scram-b', 9]])
  await alter('one good and one bad', [['scram-d'], ['', SHA_256]])
  await alter('nothing', [])
  const isThere = (body: { results: readonly { user: string }[] }) =>
    body.results.some(({ user }) => user === 'scram-d')
  await s.settled('all', 'DescribeUserScramCredentials', 0, { users: null }, isThere)
  await describe('all by no names', [])
  await describe('one', ['scram-a'])
  await describe('one and an unknown one', ['scram-b', 'scram-z'])
  await describe('one twice', ['scram-a', 'scram-a'])
  await describe('an empty name', [''])
  await alter(
    'deleted',
    [],
    [
      ['scram-a', SHA_256],
      ['scram-b', SHA_256],
      ['scram-d', SHA_256],
    ],
  )
  await alter('deleted, the other', [], [['scram-a', SHA_512]])
  await s.settled('none', 'DescribeUserScramCredentials', 0, { users: null }, (body) => body.results.length === 0)
}

async function acls(s: Session): Promise<void> {
  const acl = { resourceType: 2, resourceName: 'x', principal: 'User:x', host: '*', operation: 3, permissionType: 3 }
  const filter = {
    ...{ resourceTypeFilter: 1, resourceNameFilter: null, patternTypeFilter: 1, principalFilter: null },
    ...{ hostFilter: null, operation: 1, permissionType: 1 },
  }
  for (const version of versionsOf('DescribeAcls')) {
    await s.ask('all', 'DescribeAcls', version, { ...filter, patternTypeFilter: 3 })
    await s.ask('an unknown type', 'DescribeAcls', version, { ...filter, patternTypeFilter: 3, resourceTypeFilter: 77 })
    await s.ask('two', 'CreateAcls', version, { creations: [acl, acl] })
    await s.ask('none', 'CreateAcls', version, { creations: [] })
    const filters = [{ ...filter, patternTypeFilter: 3 }]
    await s.ask('all', 'DeleteAcls', version, { filters })
    await s.ask('none', 'DeleteAcls', version, { filters: [] })
  }
}

export const securingScenarios: Readonly<Record<string, Scenario>> = { scram, acls }
