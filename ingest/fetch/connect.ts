// Connections that cannot reach what is not public: a name is looked up once, all its addresses are checked, the
// connection is made to those and to no others, and the peer that answers is checked again.
import type { LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP, isIPv6, type LookupFunction, Socket } from 'node:net'
import { callbackify } from 'node:util'
import { isAllowedHost, isGlobalAddress, notPublic, type Openings } from './address.ts'

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

export const resolveBySystem: Resolve = async (hostname) => {
  const found = await systemLookup(hostname, { all: true, verbatim: true })
  return found.map(({ address }) => address)
}

/** The reason why a connection was not made: never tried again. */
export class AddressRefused extends Error {}

export type Connections = {
  readonly agents: { readonly 'http:': HttpAgent; readonly 'https:': HttpsAgent }
  /** for a request to this URL */
  lookupFor(url: URL): LookupFunction
  readonly close: () => void
}

// Two kept connections per host and no more. Without `proxyEnv` no proxy of the environment gets between. Choosing among
// the families of addresses is what makes a lookup be asked for all of them.
const shape: AgentOptions = {
  keepAlive: true,
  maxSockets: 2,
  maxFreeSockets: 2,
  timeout: 30_000,
  autoSelectFamily: true,
}

export function openConnections(
  openings: Openings,
  resolve: Resolve,
  isPublic: (address: string) => boolean = isGlobalAddress,
): Connections {
  const agents = { 'http:': new HttpAgent(shape), 'https:': new HttpsAgent(shape) }
  const mayReach =
    (protocol: string): MayReach =>
    (host, port, peer) => {
      const url = URL.parse(`${protocol}//${isIPv6(host) ? `[${host}]` : host}:${String(port)}`)
      return isPublic(peer) || (url !== null && isAllowedHost(url, openings))
    }
  const checkedAddresses = async (url: URL, hostname: string): Promise<LookupAddress[]> => {
    const addresses = await resolve(hostname)
    const refused = addresses.find((address) => !isPublic(address))
    // One private address among public ones is refused as a whole: it is how a name is made to lead astray.
    if (refused !== undefined && !isAllowedHost(url, openings)) throw new AddressRefused(notPublic(refused, url.host))
    return addresses.map((address) => ({ address, family: isIP(address) }))
  }
  checkPeers(agents['http:'], mayReach('http:'))
  checkPeers(agents['https:'], mayReach('https:'))
  return {
    agents,
    lookupFor: (url) => (hostname, _options, callback) => callbackify(checkedAddresses)(url, hostname, callback),
    close: () => Object.values(agents).forEach((agent) => agent.destroy()),
  }
}

type MayReach = (host: string, port: unknown, peer: string) => boolean

/** Before the first byte of a request: this listener is the socket's first. */
function checkPeers(agent: HttpAgent, mayReach: MayReach): void {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback)
    const host = String(options.host)
    socket?.prependOnceListener('connect', () => {
      const peer = socket instanceof Socket ? (socket.remoteAddress ?? '') : ''
      if (!mayReach(host, options.port, peer)) socket.destroy(new AddressRefused(notPublic(peer, host)))
    })
    return socket
  }
}
