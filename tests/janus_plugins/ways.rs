//! The scripts of all plugins once more, by HTTP with long polls and by a Unix socket (their offers are short enough for its
//! packets).

use crate::bed::{By, once_more};

/// Each of these tests, under a name of its own, by both ways.
macro_rules! again {
    ($($name:ident: $module:ident::$test:ident,)*) => {
        mod by_http {
            $(#[test] fn $name() { super::once_more(super::By::Http, crate::$module::$test) })*
        }
        mod by_unix_socket {
            $(#[test] fn $name() { super::once_more(super::By::Unix, crate::$module::$test) })*
        }
    };
}

again! {
    audiobridge: bridge::every_request_goes_well_or_is_refused_as_documented,
    participants: bridge::participants_hear_of_each_other_in_order,
    echotest: calls::an_echo_answers_every_setting,
    videocall: calls::two_users_call_each_other,
    recordplay: calls::recordings_are_made_and_looked_for,
    voicemail: calls::voice_mail_wants_a_voice,
    videoroom: rooms::every_request_goes_well_or_is_refused_as_documented,
    publishers: rooms::two_publishers_hear_of_each_other_in_order,
    streaming: streams::every_request_goes_well_or_is_refused_as_documented,
    nosip: telephone::plain_descriptions_are_made_and_read,
    sip: telephone::a_guest_registers_and_everything_else_wants_a_call,
    textroom: texts::every_request_goes_well_or_is_refused_as_documented,
    clients: texts::three_clients_list_the_same_rooms,
}
