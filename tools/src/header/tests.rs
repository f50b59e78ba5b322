//! The pass over a small raw header, compared with what a reader would have written (`golden.h`).

use super::pass::{Section, sort};

const RAW: &str = "/**
 * A thing.
 *
 * Lives long.
 */
typedef struct haft_thing haft_thing;

/**
 * What became of it.
 */
typedef int32_t haft_status;

/**
 * Hears.
 */
typedef void (*haft_hear_fn)(void *user_data,
                             haft_status status);

/**
 * fine
 */
#define HAFT_OK 0

/**
 * bad
 */
#define HAFT_E_BAD -1

/**
 * Names it.
 *
 * @since 0.1.0
 */
HAFT_API const char *haft_status_name(haft_status status);

/**
 * Works on a thing.
 *
 * @since 0.1.0
 */
HAFT_API
haft_status haft_thing_work(haft_thing *thing,
                            const char *name_of_the_work,
                            const char *name_of_the_worker,
                            haft_hear_fn hear,
                            void *user_data);
";

const FIRST: &str = "pub type haft_status = i32;
pub const HAFT_OK: haft_status = 0;
pub const HAFT_E_BAD: haft_status = -1;
fn haft_status_name(";
const SECOND: &str = "pub type haft_hear_fn = x; fn haft_thing_work(";

const SECTIONS: &[Section] = &[
    Section { file: "first", title: "First", group: "first" },
    Section { file: "second", title: "Things", group: "things" },
];

fn sorted(raw: &str) -> Result<String, String> {
    sort(raw, "1.2.3", SECTIONS, &[FIRST.into(), SECOND.into()])
}

#[test]
fn sections_types_and_constants_find_their_places() {
    let header = sorted(RAW).unwrap();
    let (front, rest) = header.split_at(header.find("/* ==== Types").unwrap());
    assert!(
        front.contains("#define HAFT_VERSION_MINOR   2\n")
            && front.contains("#define HAFT_VERSION         \"1.2.3\"\n")
    );
    assert_eq!(rest, include_str!("golden.h"));
}

#[test]
fn nothing_is_lost_silently() {
    let more = format!("{RAW}\nHAFT_API void haft_lost(void);\n");
    assert_eq!(sorted(&more).unwrap_err(), "haft_lost has no section");
    assert!(sorted("typedef struct haft_thing {\n").unwrap_err().starts_with("cannot read"));
    assert!(sort(RAW, "1.2", SECTIONS, &[]).unwrap_err().contains("three parts"));
}
