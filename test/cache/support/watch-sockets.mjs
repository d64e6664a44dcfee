// Loaded into a process before its program: reports every connection and every look-up of a name.
import dns from 'node:dns';
import { Socket } from 'node:net';

const report = (what) => process.stderr.write(`SOCKET ${what}\n`);
const { connect } = Socket.prototype;
Socket.prototype.connect = function watched(...parameters) {
  report('connect');
  return connect.apply(this, parameters);
};
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
  const original = dns[name];
  dns[name] = (...parameters) => {
    report(name);
    return original(...parameters);
  };
}
