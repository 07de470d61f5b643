/*
 * verbs: those that the page uses - who may, and which of their parameters are arguments.  The
 * server has the last word on rights; here they only say which buttons are dead.
 *
 * r, o, a: the right to read, operate, administer; with a "+" the verb takes a file, so it is POST
 * although it only reads.  In capitals: its arguments, in order.
 */
const table = `
r cluster show
r cert list
r cert show NAME
r cert export NAME
a cert regenerate NAME
a cert delete NAME
o cert duration NAME SECONDS
a cert csr NAME
r cert csr list
a cert upload FILE...
a bulk export
a bulk consolidate WHERE
a bulk import WHERE
r itl show
r itl verify
r itl history
r itl diff FROM TO
r itl export
a itl reset WHICH
r ctl show
r ctl verify
r ctl history
r ctl diff FROM TO
r ctl export
a ctl set-mode WHICH
a ctl update
a ctl reset WHICH
r param list
r param get NAME
a param set NAME VALUE
r service list
r service stats
o service restart NAME...
o service start NAME...
o service stop NAME...
r phone list
r phone show NAME
o phone add NAME
o phone set NAME
o phone reset NAME
o phone delete NAME
o capf schedule NAME...
o capf cancel NAME...
a capf string NAME
r capf list NAME...
r capf show NAME
r capf lsc list NAME
r capf lsc export NAME
r capf csr list
r capf csr export NAME
o capf csr import FILE...
r events tail
r rehearse list
r rehearse show NAME
a rehearse run NAME
r+ file inspect FILE
r+ file verify FILE
r+ tvs query
o vphone boot NAME
r doctor
r config check
a user list
a user add NAME
a user set NAME
a user delete NAME
a user token add NAME
a user token list NAME
a user token delete ID
a audit list
a backup create FILE
a backup verify FILE
`;

const rights = { r: 'read', o: 'operate', a: 'admin' };
const order = ['read', 'operate', 'admin'];

function read(line) {
	const [mark, ...rest] = line.split(' ');
	const words = rest.filter((w) => !/^[A-Z]/.test(w));
	const args = rest.filter((w) => /^[A-Z]/.test(w)).map((w) => w.replace('...', '').toLowerCase());

	return [words.join(' '), { right: rights[mark[0]], args, get: mark === 'r' }];
}

export const verbs = Object.fromEntries(table.trim().split('\n').map(read));

export const covers = (role, right) => order.indexOf(role) >= order.indexOf(right);
