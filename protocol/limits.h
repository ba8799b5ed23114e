/*
 * limits.h - every size that client and server must agree on, or that a peer
 * may rely on. Bytes are of UTF-8; names with CHARS count code points.
 */
#ifndef KITH_PROTOCOL_LIMITS_H
#define KITH_PROTOCOL_LIMITS_H

#define KITH_PROTOCOL_VERSION		1u
#define KITH_PORT			5484

/* Frames. A client has FRAME_BYTES_MAX_LOGIN until it is logged in. */
#define FRAME_HEADER_BYTES		4u	/* big-endian length */
#define FRAME_BYTES_MAX			65536u	/* body */
#define FRAME_BYTES_MAX_LOGIN		4096u

/* What the walker allows in one message before it is unpacked. */
#define WALK_DEPTH_MAX			5u	/* messages, with the top */
#define WALK_FIELDS_MAX			4096u	/* in all, at any depth */
#define WALK_ELEMENTS_MAX		1024u	/* of one repeated field */
#define UNPACK_BYTES_MAX		(256u * 1024u)	/* unpacked */

/* Accounts. */
#define NAME_CHARS_MAX			32u	/* of users and groups */
#define NAME_BYTES_MAX			(4u * NAME_CHARS_MAX)
#define DISPLAY_NAME_BYTES_MAX		128u
#define DEVICE_NAME_BYTES_MAX		64u
#define CLIENT_NAME_BYTES_MAX		64u
#define FEATURES_MAX			16u
#define PASSWORD_BYTES_MIN		8u
#define PASSWORD_BYTES_MAX		256u
#define TOKEN_BYTES			32u	/* secret */
#define TOKEN_CHARS			43u	/* as base64url */
#define DEVICES_PER_USER_MAX		100u
#define HOOK_NAME_BYTES_MAX		64u

/* Client ids: device << CLIENT_ID_DEVICE_SHIFT | counter, and a device is at
 * most DEVICE_MAX. Or CLIENT_ID_FREE_BIT, which is above any device, and a
 * 62-bit number that the user never used: for clients that keep no counter. */
#define CLIENT_ID_DEVICE_SHIFT		32
#define CLIENT_ID_FREE_BIT		(UINT64_C(1) << 62)
#define DEVICE_MAX			((UINT64_C(1) << 30) - 1)

/* Invites. INVITE_LIFE_MS and INVITE_USES are defaults. */
#define INVITE_LIFE_MS			(24 * 3600 * 1000)
#define INVITE_LIFE_MIN_MS		1000
#define INVITE_LIFE_MAX_DAYS		366
#define INVITE_LIFE_MAX_MS		(INVITE_LIFE_MAX_DAYS * \
					    UINT64_C(86400000))
#define INVITE_USES			1
#define INVITE_USES_MAX			10000

/* Messages. */
#define TEXT_BYTES_MAX			8000u
#define TARGETS_MAX			32u	/* recipients of one Send */
#define PAGE_EVENTS_DEFAULT		50u
#define PAGE_EVENTS_MAX			200u
#define PAGE_ROWS_DEFAULT		100u	/* of any other list */
#define PAGE_ROWS_MAX			200u
#define PAGE_POSITIONS_MAX		256u	/* of a SyncPage */
#define SYNC_HAVE_MAX			WALK_ELEMENTS_MAX
#define UNREAD_MAX			1000u	/* counting stops here */

/* Groups. */
#define TOPIC_BYTES_MAX			256u
#define GROUPS_PER_USER_MAX		1000u
#define MEMBERS_PER_GROUP_MAX		10000u

/*
 * Ids. A user's id is below 2^31. The direct conversation of users a < b is
 * found without a table: 1 << 62 | a << 31 | b (a == b: notes to oneself).
 * Groups count from 1, below 2^62.
 */
#define CONVERSATION_DIRECT_BIT		(UINT64_C(1) << 62)
#define USER_ID_MAX			((UINT64_C(1) << 31) - 1)

/* A session. */
#define IN_FLIGHT_MAX			16u	/* requests without a reply */
#define LOGIN_MS			10000	/* from accept to login */
#define HEARTBEAT_MS			25000
#define HEARTBEAT_MISSED_MAX		2u
#define REQUEST_MS			10000u	/* then: UNAVAILABLE */
#define POLL_WAIT_MS_MAX		25000u	/* Poll.wait_ms */

/* Error.retry_after_ms: the hints that kithd gives. */
#define RETRY_SOON_MS			200u	/* full inbox, role restarts */
#define RETRY_BUSY_MS			1000u	/* no database, long queue */
#define RETRY_RESTART_MS		1000u	/* kithd stops: maybe back */

/* JSON: largest text of one Request, Poll or Reply. A frame may grow that much:
 * six bytes for each control character, and the fields' names. */
#define JSON_BYTES_MAX			(512u * 1024u)

#endif
