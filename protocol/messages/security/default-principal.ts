// DefaultPrincipal: how a broker writes down who sent a request that it forwards in an Envelope.

import { bool, type Infer, record, string, versions } from '../../schema.ts'

export const DefaultPrincipal = record('DefaultPrincipal', -1, versions(0, 0, { flexible: 0 }), {
  type: string(),
  name: string(),
  tokenAuthenticated: bool(),
})
export type DefaultPrincipal = Infer<typeof DefaultPrincipal>
