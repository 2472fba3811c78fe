'use strict';
'require baseclass';

/*
 * The sentences of the program in the user's language. A sentence that has no template here stays as the program wrote it.
 */

return baseclass.extend({
	/* `field` of an entry of status.json, or null where it is empty. */
	of(entry, field) {
		return entry[field];
	}
});
