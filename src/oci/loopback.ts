// Which hosts are this machine.
import { isIPv4 } from 'node:net';

/** `localhost`, names under it, 127.0.0.0/8 and ::1. `hostname` as in a URL: IPv6 in brackets, no port. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return isIPv4(host) && host.startsWith('127.');
}
